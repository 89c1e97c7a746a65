package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bodies that come while those of others have all the memory that there is for them. */
@BothDoors
@Timeout(240)
class BodyMemoryIT {
  private static final String PREDICT = "/predict/identity-fp32";
  private static final String REFUSAL = "other requests and replies hold ";

  private long free;
  private long taken;

  @BeforeEach
  void takeAll() {
    free = ReplyBufferTest.free();
    try {
      while (true) {
        BodyMemory.SHARED.take(1 << 10);
        taken += 1 << 10;
      }
    } catch (InferenceException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.OVERLOADED);
    }
  }

  /** A client has its reply before the server has given back what that took. */
  @AfterEach
  void awaitAll() {
    giveBack();
    while (ReplyBufferTest.free() < free) {
      Thread.onSpinWait();
    }
  }

  private void giveBack() {
    BodyMemory.SHARED.giveBack(taken);
    taken = 0;
  }

  /** The client is told before its body has come, and that the connection ends. */
  @Test
  void thatComesInPieces(TestServer server) throws IOException {
    for (String length : new String[] {"Content-Length: 5000", "Transfer-Encoding: chunked"}) {
      String part = length.contains("chunked") ? "3\r\n[1,\r\n" : "[1,";
      String head = "POST %s HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n".formatted(PREDICT, length);
      try (Socket socket = server.connect()) {
        socket.getOutputStream().write((head + part).getBytes(StandardCharsets.US_ASCII));
        byte[] reply = socket.getInputStream().readAllBytes();
        Reply refused = Reply.parse(new String(reply, StandardCharsets.ISO_8859_1));
        refused.refused(ErrorCode.OVERLOADED).startsWith(REFUSAL);
        assertThat(refused.header("Connection")).isEqualTo("close");
      }
    }
  }

  @Test
  void thatIsCompressed(TestServer server) {
    String rows = "{\"instances\":[" + "[1,2,3],".repeat(9_999) + "[1,2,3]]}";
    Exchange.Body coded =
        ContentCoding.GZIP
            .encode(new Exchange.Body(rows.getBytes(StandardCharsets.US_ASCII)))
            .orElseThrow();
    var request =
        server
            .request(PREDICT)
            .header("Content-Encoding", "gzip")
            .POST(BodyPublishers.ofByteArray(coded.bytes(), coded.offset(), coded.length()));
    server.send(request).refused(ErrorCode.OVERLOADED).startsWith(REFUSAL);
    giveBack();
    assertThat(server.send(request).ok().get("predictions")).hasSize(10_000);
  }

  /** In the lane a plain request that comes in one piece is read where it lies. */
  @Test
  void thatIsSmall(TestServer server, Door door) throws IOException {
    String request =
        "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n[1,2,3]".formatted(PREDICT);
    try (Socket socket = server.connect()) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      assertThat(TestServer.head(socket.getInputStream()))
          .startsWith(door == Door.FAST_LANE ? "HTTP/1.1 200 " : "HTTP/1.1 503 ");
    }
  }
}
