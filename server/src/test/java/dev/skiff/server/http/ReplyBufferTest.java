package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReplyBufferTest {

  /** What other tests left with this thread is out of the way. */
  @BeforeEach
  void takeWhatIsThere() {
    ReplyBuffer.take();
  }

  @Test
  void isUsedAgainOnceReleased() {
    ReplyBuffer first = written("one");
    Body body = first.body();
    assertThat(text(body)).isEqualTo("one");
    assertThat(ReplyBuffer.take()).as("it is still being read").isNotSameAs(first);
    assertThat(text(body)).isEqualTo("one");
    body.release();
    ReplyBuffer again = ReplyBuffer.take();
    assertThat(again).isSameAs(first);
    assertThat(again.body().length()).isZero();
  }

  @Test
  void grows() {
    ReplyBuffer buffer = ReplyBuffer.take();
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      byte[] bytes = (i + " bottles").getBytes(StandardCharsets.UTF_8);
      buffer.write(bytes, 0, bytes.length);
      buffer.write(';');
      expected.append(i).append(" bottles;");
    }
    assertThat(text(buffer.body())).isEqualTo(expected.toString());
  }

  @Test
  void isNoLargerThanAnArray() {
    ReplyBuffer buffer = written("{}");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> buffer.write(new byte[1], 0, Integer.MAX_VALUE - 17))
        .returns(ErrorCode.RESOURCE_EXHAUSTED, InferenceException::code);
  }

  @Test
  void isRefusedWhereOthersHaveTheMemory() {
    long before = free();
    ReplyBuffer buffer = written("{}");
    BodyMemory.SHARED.takeForReply(before - 100_000);
    try {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> buffer.write(new byte[100_000], 0, 100_000))
          .returns(ErrorCode.OVERLOADED, InferenceException::code);
    } finally {
      BodyMemory.SHARED.giveBack(before - 100_000);
    }
    buffer.write(new byte[100_000], 0, 100_000);
    buffer.write(new byte[300_000], 0, 300_000);
    assertThat(free()).isLessThanOrEqualTo(before - 400_002);
    buffer.giveBack();
    assertThat(free()).isEqualTo(before);
  }

  /** How many bytes replies could take now. */
  static long free() {
    long free = 0;
    for (long step = 1L << 40; step > 0; step /= 2) {
      try {
        BodyMemory.SHARED.takeForReply(step);
        free += step;
      } catch (InferenceException e) {
        // Then it is less.
      }
    }
    BodyMemory.SHARED.giveBack(free);
    return free;
  }

  @Test
  void appendsWholeBuffersWithoutRoomToSpare() {
    ReplyBuffer buffer = written("{}");
    ByteBuffer data = ByteBuffer.allocateDirect(700_000);
    data.put(699_999, (byte) 7).position(5);
    buffer.append(List.of(data, ByteBuffer.wrap(new byte[] {1, 2})));
    Body body = buffer.body();
    assertThat(body.length()).isEqualTo(700_004);
    assertThat(body.bytes()).startsWith('{', '}', 0);
    assertThat(Arrays.copyOfRange(body.bytes(), 700_001, 700_004)).containsExactly(7, 1, 2);
    assertThat(data.position()).as("the tensor's buffer is as it was").isEqualTo(5);
  }

  @Test
  void isNotKeptWhenItHasGrownLarge() {
    ReplyBuffer large = ReplyBuffer.take();
    large.write(new byte[100_000], 0, 100_000);
    large.body().release();
    assertThat(ReplyBuffer.take()).isNotSameAs(large);
  }

  @Test
  void isKeptByTheThreadThatReleasesIt() throws InterruptedException {
    ReplyBuffer buffer = written("one");
    Thread other =
        new Thread(
            () -> {
              buffer.body().release();
              assertThat(ReplyBuffer.take()).isSameAs(buffer);
            });
    other.start();
    other.join();
    assertThat(ReplyBuffer.take()).isNotSameAs(buffer);
  }

  @Test
  void otherBodiesHaveNothingToRelease() {
    Body body = new Body(new byte[2]);
    body.release();
    assertThat(body.length()).isEqualTo(2);
  }

  private static ReplyBuffer written(String text) {
    ReplyBuffer buffer = ReplyBuffer.take();
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    buffer.write(bytes, 0, bytes.length);
    return buffer;
  }
}
