package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.BadInput;
import dev.skiff.server.http.BadRequests.BadRequest;
import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every error has the one shape, tells nothing of the insides, and leaves the server whole. */
@BothDoors
class ErrorsIT {

  @AfterEach
  void servesTheNextRequest(TestServer server) {
    assertThat(server.post("/predict/identity-fp32", "[1,2,3]").text())
        .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
    server.get("/health").ok();
  }

  @ParameterizedTest
  @MethodSource("dev.skiff.server.http.BadRequests#all")
  void badRequests(BadRequest bad, TestServer server) {
    server.post(bad.path(), bad.body()).refused(bad.code()).contains(bad.said());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET | /predict/add | POST",
        "HEAD | /predict/add | POST",
        "PUT | /predict/add/1 | POST",
        "DELETE | /v2/models/add/infer | POST",
        "PATCH | /v2/models/add/versions/1/infer | POST",
        "OPTIONS | /predict | POST",
        "DELETE | /predict/ | POST",
        "POST | /health | GET, HEAD",
        "POST | /v2 | GET, HEAD",
        "PUT | /v2/models/add | GET, HEAD",
        "POST | /metrics | GET, HEAD",
        "PUT | / | GET, HEAD",
        "TRACE | /health | GET, HEAD",
        "FOO | /health | GET, HEAD",
        "QUERY | /v2/models/add/ready | GET, HEAD",
        "BREW | /predict/add | POST",
      })
  @BadInput(20)
  void wrongMethods(String method, String path, String allow, TestServer server) {
    Reply reply = server.send(server.request(path).method(method, BodyPublishers.noBody()));
    assertThat(reply.header("Allow")).isEqualTo(allow);
    if (method.equals("HEAD")) {
      assertThat(reply.status()).isEqualTo(405);
      assertThat(reply.body()).isEmpty();
    } else {
      reply.refused(ErrorCode.METHOD_NOT_ALLOWED).contains(method).contains(allow);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /nope",
        "GET /favicon.ico",
        "GET /v3",
        "FOO /nope",
        "DELETE /nope",
        "OPTIONS *"
      })
  void unknownPaths(String line, TestServer server) {
    Reply.parse(server.raw(line + " HTTP/1.1\nHost: a\nConnection: close\n\n"))
        .refused(ErrorCode.NOT_FOUND);
  }

  @Test
  void aHeaderDoesNotOverrideTheMethod(TestServer server) {
    var get = server.request("/health").header("X-HTTP-Method-Override", "DELETE");
    server.send(get).ok();
    var post =
        server
            .request("/health")
            .header("X-HTTP-Method-Override", "GET")
            .POST(BodyPublishers.ofString("{}"));
    server.send(post).refused(ErrorCode.METHOD_NOT_ALLOWED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Content-Type | text/plain | UNSUPPORTED_MEDIA_TYPE",
        "Content-Type | application/octet-stream | UNSUPPORTED_MEDIA_TYPE",
        "Content-Type | application/json; charset=utf-16 | UNSUPPORTED_MEDIA_TYPE",
        "Content-Encoding | br | UNSUPPORTED_MEDIA_TYPE",
        "Accept | text/html | NOT_ACCEPTABLE",
        "X-Request-Timeout-Ms | soon | INVALID_ARGUMENT",
        "X-Request-Timeout-Ms | 0 | INVALID_ARGUMENT",
        "X-Request-Timeout-Ms | -5 | INVALID_ARGUMENT",
        "X-Request-Timeout-Ms | 1.5 | INVALID_ARGUMENT",
      })
  void headersThatCannotBeMet(String name, String value, ErrorCode code, TestServer server) {
    for (String path : new String[] {"/predict/identity-fp32", "/v2/models/identity-fp32/infer"}) {
      var request = server.request(path).header(name, value);
      server.send(request.POST(BodyPublishers.ofString("[1,2,3]"))).refused(code);
    }
  }

  @Test
  void brokenModelsLeaveTheOthersAlone(TestServer server) {
    JsonNode health = server.get("/health").ok();
    assertThat(health.get("status").textValue()).isEqualTo("ok");
    for (JsonNode model : health.get("models")) {
      boolean bad =
          model.get("name").textValue().matches("broken|external-outside|identity-uint(16|32|64)");
      assertThat(model.get("state").textValue()).isEqualTo(bad ? "unavailable" : "ready");
      if (bad) {
        assertThat(model.get("reason").textValue())
            .isNotBlank()
            .doesNotContainPattern("(?<![\\w.])/\\w")
            .doesNotContain("fixtures", ".onnx", ".cc");
      } else {
        assertThat(model.has("reason")).isFalse();
      }
    }
  }

  @Test
  void tooLargeBodies(@TempDir Path folder, Door door) throws IOException {
    TestServer.folder(folder, "identity-fp32");
    try (TestServer small = door.start(folder, "--max-request-bytes=1000")) {
      String fits = "[1,2,3]" + " ".repeat(993);
      String head = "POST /predict HTTP/1.1\nHost: a\nConnection: close\n";
      // In one piece with its head: what comes later may meet a closed connection.
      Reply.parse(small.raw(head + "Content-Length: 1000\n\n" + fits)).ok();
      Reply.parse(small.raw(head + "Content-Length: 1001\n\n" + fits + " "))
          .refused(ErrorCode.TOO_LARGE)
          .contains("1000", "1001");
      Reply.parse(small.raw(head + "Content-Length: 99999999999\n\n")).refused(ErrorCode.TOO_LARGE);
      String unread = head + "Expect: 100-continue\nContent-Length: 1001\n\n";
      Reply.parse(small.raw(unread)).refused(ErrorCode.TOO_LARGE);
      String chunked = head + "Transfer-Encoding: chunked\n\n";
      String chunk = "3e8\n" + fits + "\n";
      Reply.parse(small.raw(chunked + chunk + "0\n\n")).ok();
      Reply.parse(small.raw(chunked + chunk + "1\n \n0\n\n")).refused(ErrorCode.TOO_LARGE);
      Reply.parse(small.raw(chunked + "1\n \n".repeat(1_001))).refused(ErrorCode.TOO_LARGE);
      small.get("/health").ok();
    }
  }

  @Test
  @BadInput(63)
  void moreRowsThanTheModelTakes(@TempDir Path folder, Door door) throws IOException {
    Path model = TestServer.folder(folder, "identity-fp32").resolve("identity-fp32");
    Files.writeString(model.resolve("model.json"), "{\"max-batch-size\": 2}");
    try (TestServer server = door.start(folder)) {
      server.post("/predict", "{\"instances\":[[1,2,3],[4,5,6]]}").ok();
      server
          .post("/predict", "{\"instances\":[[1,2,3],[4,5,6],[7,8,9]]}")
          .refused(ErrorCode.INVALID_ARGUMENT)
          .contains("2", "3");
      server.get("/health").ok();
    }
  }

  /** A client that still listens is told; one that is gone is counted. */
  @Test
  @Timeout(240)
  @BadInput(15)
  void aBodyCutShort(TestServer server) throws IOException {
    byte[] cut =
        "POST /predict/add HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n[1,2"
            .getBytes(StandardCharsets.US_ASCII);
    try (Socket socket = server.connect()) {
      socket.getOutputStream().write(cut);
      socket.shutdownOutput();
      byte[] reply = socket.getInputStream().readAllBytes();
      Reply.parse(new String(reply, StandardCharsets.ISO_8859_1))
          .refused(ErrorCode.INVALID_ARGUMENT);
    }
    double before = aborts(server);
    try (Socket socket = server.connect()) {
      socket.getOutputStream().write(cut);
      socket.setSoLinger(true, 0);
    }
    while (aborts(server) == before) {
      Thread.onSpinWait();
    }
  }

  private static double aborts(TestServer server) {
    return server
        .get("/metrics")
        .text()
        .lines()
        .filter(line -> line.startsWith("skiff_request_errors_total{code=\"CLIENT_ABORT\"}"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
        .sum();
  }
}
