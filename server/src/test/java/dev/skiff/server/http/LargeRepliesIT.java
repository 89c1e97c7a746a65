package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Replies whose tensors go to the network from where the model wrote them. */
@BothDoors
class LargeRepliesIT {
  private static final int FLOATS = 300_000;

  /** A small request with a large answer: zeros of the shape that it names. */
  private static final String ZEROS =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[2],\"datatype\":\"INT64\",\"data\":[300,1000]}],"
          + "\"parameters\":{\"binary_data_output\":true}}";

  @Test
  void haveTheirTensorsWhole(TestServer server) {
    byte[] data = random();
    String json =
        "{\"parameters\":{\"binary_data_output\":true},\"inputs\":["
            + BinaryBody.input("x", "[100000,3]", "FP32", data.length)
            + "]}";
    for (int i = 0; i < 5; i++) {
      data[i] ^= 1;
      Reply reply = BinaryBody.of(json, data).post(server, "/v2/models/identity-fp32/infer");
      assertThat(
              tensor(reply.status(), reply.body(), reply.header("Inference-Header-Content-Length")))
          .isEqualTo(data);
    }
  }

  @Test
  void areCompressed(TestServer server) throws IOException {
    Reply reply =
        server.send(
            server
                .request("/v2/models/huge/infer")
                .header("Accept-Encoding", "gzip")
                .POST(BodyPublishers.ofString(ZEROS)));
    assertThat(reply.header("Content-Encoding")).isEqualTo("gzip");
    byte[] body = new GZIPInputStream(new ByteArrayInputStream(reply.body())).readAllBytes();
    assertThat(tensor(reply.status(), body, reply.header("Inference-Header-Content-Length")))
        .isEqualTo(new byte[FLOATS * Float.BYTES]);
  }

  /** Of plain requests, and of one that Jetty's parser reads. */
  @ParameterizedTest
  @ValueSource(strings = {"", "TE: trailers\r\n"})
  void keepTheConnection(String odd, TestServer server) throws IOException {
    byte[] request = request(odd);
    try (Socket socket = server.connect()) {
      InputStream in = socket.getInputStream();
      // Two before the first is read: the network does not take them at once.
      for (int i = 0; i < 6; i++) {
        socket.getOutputStream().write(request);
        if (i > 0) {
          assertZeros(in);
        }
      }
      assertZeros(in);
    }
  }

  @Test
  void mayBeLeftUnread(TestServer server) throws IOException {
    for (int i = 0; i < 20; i++) {
      try (Socket socket = server.connect()) {
        socket.getOutputStream().write(request(""));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
    }
    assertThat(server.get("/health/live").status()).isEqualTo(200);
  }

  private static byte[] request(String header) {
    String head = "POST /v2/models/huge/infer HTTP/1.1\r\nHost: a\r\n" + header;
    return "%sContent-Length: %d\r\n\r\n%s"
        .formatted(head, ZEROS.length(), ZEROS)
        .getBytes(StandardCharsets.US_ASCII);
  }

  private static void assertZeros(InputStream in) throws IOException {
    String head = TestServer.head(in);
    assertThat(head).startsWith("HTTP/1.1 200 OK");
    int length = Integer.parseInt(value(head, "Content-Length"));
    byte[] body = in.readNBytes(length);
    assertThat(tensor(200, body, value(head, "Inference-Header-Content-Length")))
        .isEqualTo(new byte[FLOATS * Float.BYTES]);
  }

  private static String value(String head, String name) {
    int start = head.indexOf("\n" + name + ": ") + name.length() + 3;
    return head.substring(start, head.indexOf('\r', start));
  }

  private static byte[] tensor(int status, byte[] body, String jsonLength) {
    assertThat(status).isEqualTo(200);
    int start = Integer.parseInt(jsonLength);
    assertThat(new String(body, 0, start, StandardCharsets.UTF_8))
        .endsWith("\"parameters\":{\"binary_data_size\":1200000}}]}");
    return Arrays.copyOfRange(body, start, body.length);
  }

  private static byte[] random() {
    byte[] bytes = new byte[FLOATS * Float.BYTES];
    new Random(5).nextBytes(bytes);
    return bytes;
  }
}
