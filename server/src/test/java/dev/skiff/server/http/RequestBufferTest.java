package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestBufferTest {
  private static final int LIMIT = 1 << 20;

  private final byte[] sent = new byte[300_000];

  RequestBufferTest() {
    new Random(3).nextBytes(sent);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 300_000})
  void putsPiecesTogether(int length) {
    try (RequestBuffer buffer = new RequestBuffer(length, LIMIT)) {
      for (int at = 0; at < sent.length; at += 7_500) {
        buffer.append(ByteBuffer.wrap(sent, at, 7_500));
      }
      assertThat(content(buffer)).isEqualTo(sent);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 300_000})
  void readsAStream(int length) throws IOException {
    try (RequestBuffer buffer = new RequestBuffer(length, LIMIT);
        var in = new ByteArrayInputStream(sent)) {
      while (buffer.size() != length && buffer.read(in)) {
        assertThat(buffer.size()).isPositive();
      }
      assertThat(content(buffer)).isEqualTo(sent);
    }
  }

  @Test
  void takesNoMoreMemoryThanTheClientSaid() {
    RequestBuffer buffer = new RequestBuffer(3, LIMIT);
    buffer.append(ByteBuffer.wrap(sent, 0, 2));
    assertThat(buffer.body().bytes()).hasSize(3);
  }

  @Test
  void leavesItsMemoryToTheNextOneOfItsSize() {
    // Odd enough that no other test leaves such an array.
    int length = 700_001;
    byte[] first = fill(length);
    byte[] second = fill(length);
    assertThat(second).isSameAs(first);
  }

  private byte[] fill(int length) {
    try (RequestBuffer buffer = new RequestBuffer(length, LIMIT)) {
      for (int left = length; left > 0; left -= sent.length) {
        buffer.append(ByteBuffer.wrap(sent, 0, Math.min(left, sent.length)));
      }
      return buffer.body().bytes();
    }
  }

  private static byte[] content(RequestBuffer buffer) {
    assertThat(buffer.body().length()).isEqualTo(buffer.size());
    return Arrays.copyOf(buffer.body().bytes(), buffer.size());
  }
}
