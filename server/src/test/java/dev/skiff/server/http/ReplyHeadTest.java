package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ReplyHeadTest {
  private final ReplyHead head = new ReplyHead();

  @Test
  void hasItsStatusAndItsHeaders() {
    head.begin();
    head.add("A", "1");
    head.add("B", "\u00e4");
    head.end(200);
    assertThat(text()).isEqualTo("HTTP/1.1 200 OK\r\nA: 1\r\nB: \u00e4\r\n\r\n");
    assertThat(head.length()).isEqualTo(text().length());
  }

  @Test
  void keepsNothingOfTheOneBefore() {
    String large = "x".repeat(1000);
    head.begin();
    head.add("Large", large);
    head.end(503);
    assertThat(text())
        .isEqualTo("HTTP/1.1 503 Service Unavailable\r\nLarge: " + large + "\r\n\r\n");
    head.begin();
    head.add("A", "1");
    head.end(200);
    assertThat(text()).isEqualTo("HTTP/1.1 200 OK\r\nA: 1\r\n\r\n");
  }

  private String text() {
    ByteBuffer bytes = head.bytes();
    return new String(
        bytes.array(),
        bytes.arrayOffset() + bytes.position(),
        bytes.remaining(),
        StandardCharsets.ISO_8859_1);
  }
}
