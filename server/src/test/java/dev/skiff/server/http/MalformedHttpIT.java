package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is no HTTP, or not quite. The connection ends with the reply, the server goes on. */
@BothDoors
class MalformedHttpIT {
  private static final String POST = "POST /predict/identity-fp32 HTTP/1.1\nHost: a\n";

  @AfterEach
  void servesTheNextRequest(TestServer server) {
    server.post("/predict/identity-fp32", "[1,2,3]").ok();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "garbage\n\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\n\n", // a TLS hello
        "GET /health HTTP/1.1\n\n", // no Host
        "GET /health HTTP/1.1\nHost: a\nHost: b\n\n",
        "GET /health HTTP/1.1\nHost: a b\n\n",
        "GET /health HTTP/1.1\nHost: a\nBad Header: x\n\n",
        "GET /health HTTP/1.1\nHost: a\n folded: x\n\n",
        "GET /health HTTP/1.1\nHost: a\nX: a\u0000b\n\n",
        POST + "Content-Length: 7\nContent-Length: 8\n\n[1,2,3]",
        POST + "Content-Length: 7\nTransfer-Encoding: chunked\n\n7\n[1,2,3]\n0\n\n",
        POST + "Content-Length: -7\n\n[1,2,3]",
        POST + "Content-Length: 99999999999999999999\n\n[1,2,3]",
        POST + "Content-Length: seven\n\n[1,2,3]",
        POST + "Transfer-Encoding: gzip\n\n7\n[1,2,3]\n0\n\n",
        POST + "Transfer-Encoding: chunked, gzip\n\n7\n[1,2,3]\n0\n\n",
        POST + "Transfer-Encoding: gzip, chunked\nConnection: close\n\n7\n[1,2,3]\n0\n\n",
        POST + "Transfer-Encoding: chunked\n\nzz\n[1,2,3]\n0\n\n",
        POST + "Transfer-Encoding: chunked\n\n-7\n[1,2,3]\n0\n\n",
        POST + "Transfer-Encoding: chunked\n\nffffffffffffffffff\n[1,2,3]\n0\n\n",
        POST + "Transfer-Encoding: chunked\n\n7\n[1,2,3]8\n",
      })
  void isRefused(String text, TestServer server) {
    Reply reply = Reply.parse(server.raw(text));
    reply.refused(ErrorCode.INVALID_ARGUMENT);
    assertThat(reply.headers().allValues("Connection"))
        .as("else the client sends its next request in vain")
        .containsExactly("close");
  }

  @ParameterizedTest
  @CsvSource({
    "/v2/models/..%2fadd",
    "/v2/models/%2e%2e%2fadd",
    "/v2/models/%2e%2e/add",
    "/v2/models/a%00b",
    "/v2/models/a%0d%0ab",
    "/v2/models/%c0%af",
    "/v2/models/%ed%a0%80",
    "/v2/models/%zz",
    "/v2/models/%",
    "/v2//models/add",
    "/v2/models/a%5cb",
  })
  void strictUris(String path, TestServer server) {
    Reply.parse(server.raw("GET " + path + " HTTP/1.1\nHost: a\nConnection: close\n\n"))
        .refused(ErrorCode.INVALID_ARGUMENT);
  }

  @Test
  void dotsDoNotClimb(TestServer server) {
    for (String path :
        new String[] {"/../etc/passwd", "/v2/models/../../../x", "/v2/models/..;/x"}) {
      Reply reply =
          Reply.parse(server.raw("GET " + path + " HTTP/1.1\nHost: a\nConnection: close\n\n"));
      assertThat(reply.status()).isIn(400, 404);
      reply.refused(reply.status() == 400 ? ErrorCode.INVALID_ARGUMENT : ErrorCode.NOT_FOUND);
    }
  }

  @Test
  void tooLongHeads(TestServer server) {
    String uri = "GET /" + "a".repeat(9_000) + " HTTP/1.1\nHost: a\n\n";
    Reply.parse(server.raw(uri)).refused(414, ErrorCode.TOO_LARGE);
    String header = "GET /health HTTP/1.1\nHost: a\nX: " + "a".repeat(9_000) + "\n\n";
    Reply.parse(server.raw(header)).refused(431, ErrorCode.TOO_LARGE);
    String headers = "GET /health HTTP/1.1\nHost: a\n" + "X: a\n".repeat(3_000) + "\n";
    Reply.parse(server.raw(headers)).refused(431, ErrorCode.TOO_LARGE);
  }

  @Test
  void otherExpectationsAndVersions(TestServer server) {
    String expect = POST + "Expect: other\nContent-Length: 7\nConnection: close\n\n[1,2,3]";
    Reply.parse(server.raw(expect)).refused(417, ErrorCode.INVALID_ARGUMENT);
    Reply.parse(server.raw("GET /health HTTP/9.9\nHost: a\n\n"))
        .refused(505, ErrorCode.UNSUPPORTED);
    Reply.parse(server.raw("GET /health\n\n")).refused(505, ErrorCode.UNSUPPORTED);
  }

  @Test
  void expectContinue(TestServer server) throws IOException {
    String head = POST + "Expect: 100-continue\nContent-Length: 7\nConnection: close\n\n";
    try (Socket socket = server.connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(head.replace("\n", "\r\n").getBytes(StandardCharsets.US_ASCII));
      assertThat(TestServer.head(socket.getInputStream()))
          .isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
      out.write("[1,2,3]".getBytes(StandardCharsets.US_ASCII));
      byte[] reply = socket.getInputStream().readAllBytes();
      assertThat(Reply.parse(new String(reply, StandardCharsets.ISO_8859_1)).text())
          .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
    }
  }

  /** RFC 9110, 10.1.1: the 100 may be left out where the body has come already. */
  @Test
  void expectContinueWithItsBody(TestServer server) {
    String raw =
        server.raw(POST + "Expect: 100-continue\nContent-Length: 7\nConnection: close\n\n[1,2,3]");
    String reply = raw.replaceFirst("^HTTP/1.1 100 Continue\r\n\r\n", "");
    assertThat(Reply.parse(reply).text()).isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
  }

  /** A tunnel that was refused may stay open, so only the head is read. */
  @Test
  void connect(TestServer server) throws IOException {
    try (Socket socket = server.connect()) {
      socket
          .getOutputStream()
          .write("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(TestServer.head(socket.getInputStream())).startsWith("HTTP/1.1 40");
    }
  }

  /** Two requests at once on one connection are answered in turn. */
  @Test
  void pipelining(TestServer server) {
    String first = POST + "Content-Length: 7\n\n[1,2,3]";
    String second = POST + "Content-Length: 7\nConnection: close\n\n[4,5,6]";
    assertThat(server.raw(first + second)).containsSubsequence("[1.0,2.0,3.0]", "[4.0,5.0,6.0]");
  }
}
