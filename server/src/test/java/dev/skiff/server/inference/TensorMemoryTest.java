package dev.skiff.server.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;

class TensorMemoryTest {
  private final TensorMemory memory = new TensorMemory(1_000);

  @Test
  void countsWhatTensorsTake() {
    memory.take(600);
    memory.take(400);
    refused(ErrorCode.OVERLOADED, () -> memory.take(1))
        .withMessage("tensors of other requests hold 1000 of 1000 bytes");
    memory.giveBack(400);
    memory.take(400);
  }

  @Test
  void saysWhatNeverFits() {
    refused(ErrorCode.RESOURCE_EXHAUSTED, () -> memory.take(1_001))
        .withMessage("a tensor of 1001 bytes is over the limit of 1000 bytes");
  }

  @Test
  void hasPoolsMakeRoom() {
    try (TensorPool pool = new TensorPool(1_000)) {
      pool.acquire(Datatype.FP32, Shape.of(4)).close();
      memory.add(pool);
      memory.take(600);
      assertThat(pool.idleBytes()).as("there is room").isEqualTo(16);
      refused(ErrorCode.OVERLOADED, () -> memory.take(600));
      assertThat(pool.idleBytes()).isZero();
    }
  }

  @Test
  void asksNoPoolThatWasRemoved() {
    try (TensorPool pool = new TensorPool(1_000)) {
      pool.acquire(Datatype.FP32, Shape.of(4)).close();
      memory.add(pool);
      memory.remove(pool);
      memory.take(1_000);
      refused(ErrorCode.OVERLOADED, () -> memory.take(1));
      assertThat(pool.idleBytes()).isEqualTo(16);
    }
  }

  private static ThrowableAssertAlternative<InferenceException> refused(
      ErrorCode code, ThrowingCallable call) {
    return assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(call)
        .returns(code, InferenceException::code);
  }
}
