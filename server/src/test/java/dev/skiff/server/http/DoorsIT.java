package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same bytes sent to both doors bring the same replies, but for times, ids, and header order.
 */
class DoorsIT {
  private static final String PREDICT = "POST /predict/identity-fp32 HTTP/1.1\nHost: a\n";
  private static final String INFER = "POST /v2/models/identity-fp32/infer HTTP/1.1\nHost: a\n";
  private static final String JSON_LENGTH = "Inference-Header-Content-Length: 7\n";
  private static final String BODY = "Content-Length: 7\n\n[1,2,3]";

  /** Shows whether the connection is still open, and ends it. */
  private static final String LAST = "GET /health/live HTTP/1.1\nHost: a\nConnection: close\n\n";

  private static TestServer lane;
  private static TestServer servlets;

  @BeforeAll
  static void start() {
    String[] flags = {"--max-request-bytes=1000000", "--idle-timeout=1s"};
    lane = Door.FAST_LANE.start(TestServer.FIXTURES, flags);
    servlets = Door.SERVLETS.start(TestServer.FIXTURES, flags);
  }

  @AfterAll
  static void stop() {
    lane.close();
    servlets.close();
  }

  static Stream<String> badRequests() {
    return BadRequests.all()
        .map(
            bad ->
                "POST %s HTTP/1.1\nHost: a\nContent-Length: %d\n\n%s"
                    .formatted(
                        bad.path(),
                        bad.body().getBytes(StandardCharsets.UTF_8).length,
                        new String(
                            bad.body().getBytes(StandardCharsets.UTF_8),
                            StandardCharsets.ISO_8859_1)));
  }

  static List<String> methods() {
    return Stream.of("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "POST")
        .flatMap(
            method ->
                Stream.of(
                    method + " /predict/add HTTP/1.1\nHost: a\n\n",
                    method + " /v2/models/add/infer HTTP/1.1\nHost: a\nContent-Length: 0\n\n",
                    method + " /health HTTP/1.1\nHost: a\n\n",
                    method + " /v2/health/ready HTTP/1.1\nHost: a\n\n"))
        .toList();
  }

  @ParameterizedTest
  @MethodSource({"badRequests", "methods"})
  @ValueSource(
      strings = {
        PREDICT + BODY,
        PREDICT + "Transfer-Encoding: chunked\n\n3\n[1,\n4\n2,3]\n0\n\n",
        PREDICT + "Transfer-Encoding: chunked\n\n7\n[1,2,3]\n0\nTrailer: x\n\n",
        PREDICT + "Transfer-Encoding: chunked\n\nzz\n[1,2,3]\n0\n\n",
        PREDICT + "Transfer-Encoding: gzip\n\n7\n[1,2,3]\n0\n\n",
        PREDICT + "Content-Length: 7\nTransfer-Encoding: chunked\n\n7\n[1,2,3]\n0\n\n",
        PREDICT + "Content-Length: 1000001\n\n[1,2,3]",
        PREDICT + "Expect: 100-continue\nContent-Length: 1000001\n\n",
        PREDICT + "Expect: 100-continue\nContent-Type: text/plain\nContent-Length: 7\n\n",
        PREDICT + "Expect: other\n" + BODY,
        PREDICT + "Content-Type: text/plain\n" + BODY,
        PREDICT + "Content-Encoding: br\n" + BODY,
        PREDICT + "Accept: text/html\n" + BODY,
        PREDICT + "Content-Encoding: gzip\n" + BODY,
        PREDICT + "Content-Encoding: gzip\nContent-Encoding: gzip\n" + BODY,
        INFER + "Inference-Header-Content-Length: 0\nContent-Length: 12\n\nabcdefghijkl",
        INFER + "Inference-Header-Content-Length: 0\nContent-Length: 11\n\nabcdefghijk",
        INFER + "Inference-Header-Content-Length: 8\n" + BODY,
        INFER + JSON_LENGTH + JSON_LENGTH + BODY,
        PREDICT + "X-Request-Timeout-Ms: soon\n" + BODY,
        PREDICT + "X-Request-Id: mine-1\n" + BODY,
        PREDICT + "X-HTTP-Method-Override: GET\n" + BODY,
        PREDICT + "Connection: close\n" + BODY,
        PREDICT + BODY + PREDICT + "Content-Length: 7\n\n[4,5,6]" + PREDICT + BODY,
        PREDICT + "Content-Length: 3\n\n[1," + PREDICT + BODY,
        PREDICT + "Content-Length: 7\n\n[1,2", // and never the rest
        "POST /predict/identity-fp32 HTTP/1.0\n" + BODY,
        "POST /predict/identity-fp32 HTTP/1.0\nConnection: keep-alive\n" + BODY,
        "POST /predict/identity-fp32/ HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict//identity-fp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST //predict/identity-fp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/identity%2Dfp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/%69dentity-fp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST /%70redict/identity-fp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/identity-fp32?a=b HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/identity-fp32?%zz HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/identity-fp32#x HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/identity-fp32;x HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/./identity-fp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/../predict/identity-fp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/..%2fidentity-fp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/a%00b HTTP/1.1\nHost: a\n" + BODY,
        "POST /predict/%zz HTTP/1.1\nHost: a\n" + BODY,
        "POST /Predict/identity-fp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST http://a/predict/identity-fp32 HTTP/1.1\nHost: a\n" + BODY,
        "POST /v2/models/identity-fp32/versions/1/infer HTTP/1.1\nHost: a\n" + BODY,
        "POST /v2/models/identity-fp32/versions/2/infer HTTP/1.1\nHost: a\n" + BODY,
        "GET /health/ HTTP/1.1\nHost: a\n\n",
        "GET /health HTTP/1.1\nHost: a\nContent-Length: 7\n\n[1,2,3]",
        "OPTIONS * HTTP/1.1\nHost: a\n\n",
        "POST /predict/identity-fp32 HTTP/1.1\n\n", // no Host
      })
  void sameReplies(String request) {
    String sent = request + (request.endsWith("[1,2") ? "" : LAST);
    assertThat(comparable(lane.raw(sent))).as(request).isEqualTo(comparable(servlets.raw(sent)));
    // With this header Jetty's parser reads it.
    String odd = sent.replaceFirst("(Host: a)(\\R)", "$1$2TE: trailers$2");
    assertThat(comparable(lane.raw(odd))).as(odd).isEqualTo(comparable(servlets.raw(odd)));
  }

  /** A body in two packets, whose second comes when the first has surely been seen. */
  @Test
  void sameReplyToABodyInPieces() throws IOException {
    assertThat(comparable(inPieces(lane))).isEqualTo(comparable(inPieces(servlets)));
  }

  private static String inPieces(TestServer server) throws IOException {
    String body = "[1,2," + " ".repeat(200_000) + "3]";
    byte[] bytes =
        (PREDICT + "Content-Length: " + body.length() + "\nConnection: close\n\n" + body)
            .replace("\n", "\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    try (Socket socket = server.connect()) {
      int first = 100_000;
      socket.getOutputStream().write(bytes, 0, first);
      server.get("/health").ok();
      socket.getOutputStream().write(bytes, first, bytes.length - first);
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  private static String comparable(String replies) {
    StringBuilder sorted = new StringBuilder();
    for (String part : replies.split("(?=HTTP/1\\.1 )", -1)) {
      int end = part.indexOf("\r\n\r\n");
      if (end < 0) {
        sorted.append(part);
        continue;
      }
      String[] head = part.substring(0, end).split("\r\n", -1);
      Arrays.sort(head, 1, head.length);
      sorted.append(String.join("\r\n", head)).append("\r\n").append(part.substring(end));
    }
    return sorted
        .toString()
        .replaceAll("Date: [^\r]*", "Date: *")
        .replaceAll("X-Request-Id: [0-9a-f]{16}\r", "X-Request-Id: *\r")
        .replaceAll("dur=[0-9.]+", "dur=*");
  }
}
