package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where models can be managed, and by whom. */
@BothDoors
class ControlAccessIT {
  private static final String KEY = "0123456789abcdef";
  private static final String INDEX = "/v2/repository/index";
  private static final String LOAD = "/v2/repository/models/m/load";
  private static final String UNLOAD = "/v2/repository/models/m/unload";
  private static final String EXPLICIT = "--model-control=explicit";

  private final Path folder;
  private final String keys;

  ControlAccessIT(@TempDir Path folder) throws IOException {
    this.folder = Files.createDirectory(folder.resolve("models"));
    Path model = Files.createDirectory(this.folder.resolve("m"));
    Files.copy(
        TestServer.FIXTURES.resolve("identity-fp32/model.onnx"), model.resolve("model.onnx"));
    keys = "--api-keys=" + Files.writeString(folder.resolve("keys"), KEY);
  }

  @Test
  void withoutTheFlagThereAreNoSuchPaths(Door door) {
    try (TestServer server = door.start(folder)) {
      for (String path : new String[] {INDEX, LOAD, UNLOAD}) {
        server.post(path, "{}").refused(ErrorCode.NOT_FOUND).startsWith("there is no such path");
      }
      assertThat(server.get("/v2").ok().get("extensions").toString()).doesNotContain("repository");
    }
  }

  /** As a browser would be made to send it by a page of anybody's. */
  @Test
  void pagesManageNoModels(Door door) {
    try (TestServer server = door.start(folder, EXPLICIT)) {
      for (String path : new String[] {INDEX, LOAD, UNLOAD}) {
        String reply =
            server.raw(
                "POST %s HTTP/1.1\nHost: a\nOrigin: http://a\nConnection: close\nContent-Length: 2\n\n{}"
                    .formatted(path));
        Reply.parse(reply).refused(ErrorCode.INVALID_ARGUMENT).contains("Origin");
      }
      server.post("/predict/m", "[1,2,3]").ok();
    }
  }

  @Test
  void onTheOnlyPortItWantsAKeyAsEverything(Door door) {
    try (TestServer server = door.start(folder, EXPLICIT, keys)) {
      for (String path : new String[] {INDEX, LOAD, UNLOAD}) {
        server.post(path, "{}").refused(ErrorCode.UNAUTHENTICATED);
        server.send(shown(post(server.port(), path))).ok();
      }
    }
  }

  @Test
  void withAManagementPortItIsThereOnly(Door door) {
    try (TestServer server = door.start(folder, EXPLICIT, "--management-port=0")) {
      assertThat(server.get("/v2").ok().get("extensions").toString()).doesNotContain("repository");
      for (String path : new String[] {INDEX, LOAD, UNLOAD}) {
        server.post(path, "{}").refused(ErrorCode.NOT_FOUND);
        server.send(post(server.managementPort(), path)).ok();
      }
      server.post("/predict/m", "[1,2,3]").refused(ErrorCode.NOT_FOUND);
      server.send(post(server.managementPort(), LOAD)).ok();
      server.post("/predict/m", "[1,2,3]").ok();
    }
  }

  /** Which asks for none from those who only look. */
  @Test
  void onTheManagementPortItWantsAKeyToo(Door door) {
    try (TestServer server = door.start(folder, EXPLICIT, keys, "--management-port=0")) {
      int port = server.managementPort();
      for (String path : new String[] {INDEX, LOAD, UNLOAD}) {
        server.send(post(port, path)).refused(ErrorCode.UNAUTHENTICATED);
        server.send(shown(post(port, path))).ok();
      }
      for (String path : new String[] {"/metrics", "/health", "/health/ready"}) {
        HttpRequest.Builder get = HttpRequest.newBuilder(url(port, path));
        assertThat(server.send(get).status()).isNotEqualTo(401);
      }
    }
  }

  /** It is told by the head: the client need not send the body to be answered. */
  @Test
  void theManagementPortTakesNoLargeBody(Door door) throws IOException {
    String head = "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n".formatted(LOAD);
    try (TestServer server = door.start(folder, EXPLICIT, "--management-port=0");
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.managementPort())) {
      socket.setSoTimeout(TestServer.PATIENCE_MILLIS);
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      assertThat(TestServer.head(socket.getInputStream())).startsWith("HTTP/1.1 413 ");
    }
  }

  private static HttpRequest.Builder post(int port, String path) {
    return HttpRequest.newBuilder(url(port, path)).POST(BodyPublishers.ofString("{}"));
  }

  private static HttpRequest.Builder shown(HttpRequest.Builder request) {
    return request.header("Authorization", "Bearer " + KEY);
  }

  private static URI url(int port, String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }
}
