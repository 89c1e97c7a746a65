package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import org.junit.jupiter.api.Test;

class BodyMemoryTest {
  private static final int LEAST = BodyMemory.LEAST_BYTES;

  private final BodyMemory memory = new BodyMemory(1_000, 1_200, 10L * LEAST);

  @Test
  void countsWhatBodiesTake() {
    memory.take(600);
    memory.take(400);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> memory.take(1))
        .returns(ErrorCode.OVERLOADED, InferenceException::code)
        .withMessage("other requests and replies hold 1000 of 1000 bytes");
    memory.giveBack(400);
    memory.take(399);
  }

  /** What was begun finds memory where nothing new does. */
  @Test
  void hasSomeForRepliesAlone() {
    memory.take(1_000);
    memory.takeForReply(200);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> memory.takeForReply(1))
        .returns(ErrorCode.OVERLOADED, InferenceException::code)
        .withMessage("other requests and replies hold 1200 of 1200 bytes");
    memory.giveBack(1_200);
    memory.takeForReply(1_001);
    assertThatExceptionOfType(InferenceException.class)
        .as("replies have it all")
        .isThrownBy(() -> memory.take(1));
  }

  /** With what it was copied from, one at its limit fits beside a body at its own. */
  @Test
  void oneReplyMayHaveSoMuch() {
    assertThat(memory.replyLimit(1_000)).isEqualTo(350);
    assertThat(memory.replyLimit(100)).isEqualTo(100);
    assertThat(BodyMemory.ofHeap(96 << 20).replyLimit(Integer.MAX_VALUE)).isEqualTo(18 << 20);
    assertThat(BodyMemory.ofHeap(16L << 30).replyLimit(Integer.MAX_VALUE - 16))
        .isEqualTo(Integer.MAX_VALUE - 16);
  }

  /** With what it was copied from, one at its limit fits, and so does the byte that is too much. */
  @Test
  void oneBodyMayHaveHalf() {
    assertThat(memory.limit(Long.MAX_VALUE)).isEqualTo(499);
    assertThat(memory.limit(100)).isEqualTo(100);
    assertThat(BodyMemory.ofHeap(400L << 20).limit(64 << 20)).isEqualTo(64 << 20);
    assertThat(BodyMemory.ofHeap(96 << 20).limit(64 << 20)).isEqualTo((24 << 20) - 1);
  }

  @Test
  void givesWhatWasOffered() {
    byte[] array = new byte[3 * LEAST];
    memory.offer(array);
    assertThat(memory.poll(3 * LEAST)).isSameAs(array);
    assertThat(memory.poll(3 * LEAST)).as("nobody else gets it").isNull();
  }

  @Test
  void givesTheSmallestThatIsLargeEnough() {
    byte[] four = new byte[4 * LEAST];
    byte[] two = new byte[2 * LEAST];
    byte[] one = new byte[LEAST];
    memory.offer(four);
    memory.offer(two);
    memory.offer(one);
    assertThat(memory.poll(LEAST + 1)).isSameAs(two);
    assertThat(memory.poll(LEAST)).isSameAs(one);
  }

  @Test
  void keepsLargeOnesForLargeBodies() {
    byte[] array = new byte[4 * LEAST];
    memory.offer(array);
    assertThat(memory.poll(2 * LEAST - 1)).isNull();
    assertThat(memory.poll(2 * LEAST)).isSameAs(array);
  }

  @Test
  void keepsSeveralOfOneSize() {
    memory.offer(new byte[LEAST]);
    memory.offer(new byte[LEAST]);
    byte[] first = memory.poll(LEAST);
    byte[] second = memory.poll(LEAST);
    assertThat(first).isNotNull();
    assertThat(second).isNotNull().isNotSameAs(first);
    assertThat(memory.poll(LEAST)).isNull();
  }

  @Test
  void keepsNothingSmall() {
    memory.offer(new byte[LEAST - 1]);
    assertThat(memory.poll(LEAST - 1)).isNull();
  }

  @Test
  void keepsNothingAboveItsLimit() {
    memory.offer(new byte[11 * LEAST]);
    assertThat(memory.poll(11L * LEAST)).isNull();
    assertThat(memory.poll(Long.MAX_VALUE)).isNull();
  }

  @Test
  void makesRoomForWhatIsInUseNow() {
    byte[] latest = new byte[6 * LEAST];
    memory.offer(new byte[5 * LEAST]);
    memory.offer(latest);
    assertThat(memory.poll(5 * LEAST)).isSameAs(latest);
    assertThat(memory.poll(5 * LEAST)).isNull();
  }
}
