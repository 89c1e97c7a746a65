package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.ErrorCode;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies come and go compressed. */
@BothDoors
class CompressionIT {
  private static final String PREDICT = "/predict/identity-fp32";
  private static final String INFER = "/v2/models/identity-fp32/infer";
  private static final String ROWS = "{\"instances\":[" + "[1,2,3],".repeat(999) + "[1,2,3]]}";

  @AfterEach
  void servesTheNextRequest(TestServer server) {
    assertThat(server.post(PREDICT, "[1,2,3]").text()).isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
  }

  @ParameterizedTest
  @EnumSource
  void requests(ContentCoding coding, TestServer server) {
    Reply plain = server.post(PREDICT, ROWS);
    assertThat(plain.ok().get("predictions")).hasSize(1_000);
    assertThat(plain.header("Content-Encoding")).isEmpty();
    Reply reply = server.send(compressed(server, PREDICT, coding, utf8(ROWS)));
    assertThat(reply.text()).isEqualTo(plain.text());
  }

  /** The length of the JSON is that before compression. */
  @ParameterizedTest
  @EnumSource
  void binaryRequests(ContentCoding coding, TestServer server) {
    BinaryBody body = BinaryBody.of("x", "[1000,3]", "FP32", new byte[12_000]);
    HttpRequest.Builder request = compressed(server, INFER, coding, body.bytes());
    request.header("Inference-Header-Content-Length", Integer.toString(body.jsonLength()));
    assertThat(server.send(request).ok().at("/outputs/0/data")).hasSize(3_000);
  }

  @ParameterizedTest
  @CsvSource({"gzip, GZIP", "deflate, DEFLATE", "'deflate;q=0.5, gzip', GZIP"})
  void replies(String accepted, ContentCoding coding, TestServer server) {
    HttpRequest.Builder request = server.request(PREDICT).header("Accept-Encoding", accepted);
    Reply reply = server.send(request.POST(BodyPublishers.ofString(ROWS)));
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("Content-Encoding")).isEqualToIgnoringCase(coding.name());
    assertThat(reply.header("Vary")).isEqualTo("Accept-Encoding");
    assertThat(reply.header("Content-Length")).isEqualTo(Integer.toString(reply.body().length));
    Exchange.Body body = coding.decode(new Exchange.Body(reply.body()), 1 << 20);
    assertThat(Fixtures.text(body)).isEqualTo(server.post(PREDICT, ROWS).text());
  }

  @Test
  void smallRepliesStayAsTheyAre(TestServer server) {
    HttpRequest.Builder request = server.request(PREDICT).header("Accept-Encoding", "gzip");
    Reply reply = server.send(request.POST(BodyPublishers.ofString("[1,2,3]")));
    reply.ok();
    assertThat(reply.header("Content-Encoding")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/openapi.json", "/metrics", "/"})
  void otherResources(String path, TestServer server) {
    Reply reply = server.send(server.request(path).header("Accept-Encoding", "gzip"));
    assertThat(reply.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(ContentCoding.GZIP.decode(new Exchange.Body(reply.body()), 1 << 20).length())
        .isGreaterThan(reply.body().length);
  }

  @ParameterizedTest
  @EnumSource
  @BadInput(28)
  void bombs(ContentCoding coding, TestServer server) {
    byte[] bomb = new byte[(64 << 20) + 1];
    Arrays.fill(bomb, (byte) ' ');
    for (String path : new String[] {PREDICT, INFER}) {
      server
          .send(compressed(server, path, coding, bomb))
          .refused(ErrorCode.TOO_LARGE)
          .startsWith("the body may have 67108864 bytes at most, got more in ");
    }
  }

  @Test
  void corruptBodies(TestServer server) {
    for (String coding : new String[] {"gzip", "deflate"}) {
      HttpRequest.Builder request = server.request(PREDICT).header("Content-Encoding", coding);
      server
          .send(request.POST(BodyPublishers.ofString("[1,2,3]")))
          .refused(ErrorCode.INVALID_ARGUMENT)
          .isEqualTo("the body is not valid " + coding);
    }
  }

  @Test
  void unknownCodings(TestServer server) {
    HttpRequest.Builder request = server.request(PREDICT).header("Content-Encoding", "br");
    Reply reply = server.send(request.POST(BodyPublishers.ofString("[1,2,3]")));
    reply.refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE).contains("'br'", "gzip or deflate");
    assertThat(reply.header("Accept-Encoding")).isEqualTo("gzip, deflate");
    String gzip = "Content-Encoding: gzip\n";
    Reply.parse(
            server.raw(
                "POST %s HTTP/1.1\nHost: a\nConnection: close\n%s%sContent-Length: 1\n\nx"
                    .formatted(PREDICT, gzip, gzip)))
        .refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE);
  }

  private static HttpRequest.Builder compressed(
      TestServer server, String path, ContentCoding coding, byte[] whole) {
    Exchange.Body body = coding.encode(new Exchange.Body(whole)).orElseThrow();
    byte[] coded = Arrays.copyOf(body.bytes(), body.length());
    // It has memory that this process shares with the server.
    body.release();
    return server
        .request(path)
        .header("Content-Encoding", coding.name().toLowerCase(Locale.ROOT))
        .POST(BodyPublishers.ofByteArray(coded));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
