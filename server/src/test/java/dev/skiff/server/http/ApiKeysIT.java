package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that wants API keys. */
@BothDoors
@Timeout(240)
class ApiKeysIT {
  private static final String OLD = "the-first-team-0001";
  private static final String NEW = "the-second-team-002";

  @TempDir Path folder;

  private Path keys;
  private TestServer server;

  @BeforeEach
  void start(Door door) throws IOException {
    keys = Files.writeString(folder.resolve("keys"), OLD + "\n");
    Path models = TestServer.folder(Files.createDirectory(folder.resolve("m")), "identity-fp32");
    server = door.start(models, "--api-keys=" + keys);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /health",
        "GET /metrics",
        "GET /v2",
        "GET /v2/models/identity-fp32",
        "GET /v2/models/identity-fp32/stats",
        "POST /predict",
        "POST /predict/identity-fp32",
        "POST /predict/absent",
        "POST /predict/identity%2Dfp32",
        "POST /v2/models/identity-fp32/infer",
        "DELETE /predict/identity-fp32",
        "GET /nope",
        "POST /health",
        "GET /health/",
        "GET /health/live/more",
      })
  void strangersAreRefused(String line) {
    for (String header : new String[] {"Accept: */*", "X-API-Key: " + NEW}) {
      Reply reply =
          Reply.parse(
              server.raw(
                  "%s HTTP/1.1\nHost: a\nConnection: close\n%s\nContent-Length: 7\n\n[1,2,3]"
                      .formatted(line, header)));
      reply
          .refused(ErrorCode.UNAUTHENTICATED)
          .isEqualTo(
              "expected an API key of this server in 'Authorization: Bearer' or in 'X-API-Key', got "
                  + (header.contains(NEW) ? "another" : "none"));
      assertThat(reply.header("WWW-Authenticate")).isEqualTo("Bearer realm=\"skiff\"");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/health/live",
        "/health/ready",
        "/v2/health/live",
        "/v2/health/ready",
        "/",
        "/console.js",
        "/console.css",
        "/openapi.json"
      })
  void probesAndPagesNeedNoKey(String path) {
    assertThat(server.get(path).status()).isEqualTo(200);
    server.send(server.request(path).DELETE()).refused(ErrorCode.METHOD_NOT_ALLOWED);
  }

  @Test
  void aKeyOpensAllOfIt() {
    for (String path : new String[] {"/health", "/v2", "/v2/models/identity-fp32"}) {
      server.send(shown(path, OLD)).ok();
      server.send(server.request(path).header("X-API-Key", OLD)).ok();
    }
    assertThat(predict(OLD).ok().toString()).isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
    server.send(shown("/nope", OLD)).refused(ErrorCode.NOT_FOUND);
  }

  @Test
  void theConnectionOutlivesTheRefusalOfAGet() {
    String refused = "GET /health HTTP/1.1\nHost: a\n\n";
    String last = "GET /health/live HTTP/1.1\nHost: a\nConnection: close\n\n";
    assertThat(server.raw(refused + last))
        .contains("HTTP/1.1 401 ", "HTTP/1.1 200 ")
        .containsOnlyOnce("Connection: close");
  }

  /** In the lane, where waiting for a small body costs no thread; else it is told of the end. */
  @Test
  void theConnectionMayOutliveTheRefusalOfAPost(Door door) throws IOException {
    try (Socket socket = server.connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(ascii("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n"));
      out.flush();
      if (door == Door.FAST_LANE) {
        out.write(ascii("[1,2,3]GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"));
      }
      String head = TestServer.head(socket.getInputStream());
      assertThat(head).startsWith("HTTP/1.1 401 ");
      assertThat(head.contains("Connection: close")).isEqualTo(door == Door.SERVLETS);
      if (door == Door.FAST_LANE) {
        assertThat(TestServer.head(socket.getInputStream())).contains("HTTP/1.1 200 ");
      }
    }
  }

  /** It is refused before it has sent a body that would have to be kept. */
  @Test
  void aStrangersBodyIsNotWaitedFor() throws IOException {
    String head = "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\n\r\n[1";
    try (Socket socket = server.connect()) {
      socket.getOutputStream().write(ascii(head));
      assertThat(TestServer.head(socket.getInputStream()))
          .startsWith("HTTP/1.1 401 ")
          .contains("Connection: close");
    }
  }

  @Test
  void keysChangeWhileItServes() throws IOException {
    assertThat(version(NEW).status()).isEqualTo(401);
    Path next = Files.writeString(folder.resolve("next"), NEW + "\n");
    Files.move(next, keys, StandardCopyOption.ATOMIC_MOVE);
    until(NEW, 200);
    assertThat(version(OLD).status()).isEqualTo(401);

    // A file that is wrong changes nothing, until it is right.
    Files.writeString(keys, OLD + "\nshort\n");
    Files.writeString(folder.resolve("next"), OLD + "\n# and more\n");
    assertThat(version(NEW).status()).isEqualTo(200);
    Files.move(folder.resolve("next"), keys, StandardCopyOption.ATOMIC_MOVE);
    until(OLD, 200);
    assertThat(version(NEW).status()).isEqualTo(401);
  }

  @Test
  void refusalsAreCounted() {
    version(NEW);
    assertThat(server.send(shown("/metrics", OLD)).text())
        .contains("skiff_request_errors_total{code=\"UNAUTHENTICATED\"} 1.0");
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private void until(String key, int status) {
    while (version(key).status() != status) {
      Thread.onSpinWait();
    }
  }

  private Reply version(String key) {
    return server.send(shown("/v2", key));
  }

  private Reply predict(String key) {
    return server.send(shown("/predict", key).POST(BodyPublishers.ofString("[1,2,3]")));
  }

  private HttpRequest.Builder shown(String path, String key) {
    return server.request(path).header("Authorization", "Bearer " + key);
  }
}
