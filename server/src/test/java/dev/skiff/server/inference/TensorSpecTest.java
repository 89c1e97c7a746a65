package dev.skiff.server.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import org.junit.jupiter.api.Test;

class TensorSpecTest {
  private static final TensorSpec SPEC = new TensorSpec("x", Datatype.FP32, Shape.of(-1, 4));

  @Test
  void takesWhatFits() {
    assertThatNoException().isThrownBy(() -> SPEC.check(Datatype.FP32, Shape.of(1, 4)));
    assertThatNoException().isThrownBy(() -> SPEC.check(Datatype.FP32, Shape.of(0, 4)));
    assertThatNoException()
        .isThrownBy(
            () ->
                new TensorSpec("s", Datatype.BYTES, Shape.of()).check(Datatype.BYTES, Shape.of()));
  }

  @Test
  void refusesAnotherDatatype() {
    refuses(Datatype.FP64, Shape.of(1, 4), "input 'x' has datatype FP32, got FP64");
  }

  @Test
  void refusesAnotherRank() {
    refuses(Datatype.FP32, Shape.of(4), "input 'x' has 2 dimensions [-1,4], got 1: [4]");
    refuses(Datatype.FP32, Shape.of(), "input 'x' has 2 dimensions [-1,4], got 0: []");
    refuses(Datatype.FP32, Shape.of(1, 1, 4), "input 'x' has 2 dimensions [-1,4], got 3: [1,1,4]");
  }

  @Test
  void refusesAnotherSizeOfAFixedDimension() {
    refuses(Datatype.FP32, Shape.of(1, 5), "input 'x' has shape [-1,4], got [1,5]");
  }

  @Test
  void isBatchedIfItsOutermostDimensionIsOpen() {
    assertThat(SPEC.batched()).isTrue();
    assertThat(new TensorSpec("x", Datatype.FP32, Shape.of(1, -1)).batched()).isFalse();
    assertThat(new TensorSpec("x", Datatype.FP32, Shape.of()).batched()).isFalse();
  }

  private static void refuses(Datatype datatype, Shape shape, String message) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> SPEC.check(datatype, shape))
        .withMessage(message)
        .returns(ErrorCode.INVALID_ARGUMENT, InferenceException::code)
        .returns(message, InferenceException::reason);
  }
}
