package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Outputs that ONNX Runtime writes straight into tensors of ours, once a session has learnt. */
final class PinnedOutputsTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 64, 1000, 1, 64, 0, 3})
  void otherBatchSizesThanTheLearntOnesAreRight(int rows) throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("unnamed")) {
      Fixtures.learn(session, 3);
      for (int run = 1; run <= 3; run++) {
        assertDoubled(session, rows, run);
      }
    }
  }

  @Test
  void bothOpenDimensionsAreFollowed() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("sequence-length")) {
      Fixtures.learn(session, 1);
      try (InferenceResponse response =
          Fixtures.run(session, Fixtures.int64(Shape.of(2, 4), 1, 2, 3, 4, 5, 6, 7, 8))) {
        assertThat(Fixtures.tensor(response, "y").shape()).isEqualTo(Shape.of(2, 4));
        assertThat(Fixtures.tensor(response, "y").data().asLongBuffer().get(7)).isEqualTo(9);
      }
    }
  }

  @Test
  void tensorsComeBackToThePool() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("identity-fp32")) {
      Fixtures.learn(session, 3);
      long before = session.pool().idleBytes();
      try (InferenceResponse response =
          Fixtures.run(session, Fixtures.fp32(Shape.of(2, 3), 1, 2, 3, 4, 5, 6))) {
        assertThat(session.pool().idleBytes())
            .as("in use, the tensor does not wait in the pool")
            .isEqualTo(before - bytes(response));
      }
      assertThat(session.pool().idleBytes()).isEqualTo(before);
    }
  }

  @Test
  void whatOneRunLeftInAPooledTensorIsGone() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("identity-fp32")) {
      Fixtures.learn(session, 3);
      Shape shape = Shape.of(1, 3);
      Fixtures.run(session, Fixtures.fp32(shape, 7, 8, 9)).close();
      try (InferenceResponse response = Fixtures.run(session, Fixtures.fp32(shape, 0, 1, 0))) {
        assertThat(Fixtures.floats(response, "y")).containsExactly(0, 1, 0);
      }
    }
  }

  /**
   * The model says that it answers a row for each of the batch, as it does for the zeros that it
   * learns on, and then answers fewer.
   */
  @Test
  void aShapeThatWasLearntWrongIsForgotten() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("misdeclared")) {
      Fixtures.learn(session);
      Shape three = Shape.of(3);
      long learnt = session.pool().idleBytes();
      assertTwoZeros(session, three);
      long fallenBack = session.pool().idleBytes();
      assertThat(fallenBack - learnt)
          .as("the tensor of three that was too large waits now")
          .isGreaterThanOrEqualTo(3 * Float.BYTES);
      assertTwoZeros(session, three);
      assertThat(session.pool().idleBytes())
          .as("nothing was tried in vain again")
          .isEqualTo(fallenBack);
    }
  }

  @Test
  void anErrorOfTheModelIsAnErrorInEitherWay() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("fails")) {
      Fixtures.learn(session);
      long before = session.pool().idleBytes();
      assertThatThrownBy(() -> Fixtures.run(session, Fixtures.int64(Shape.of(1), 99)))
          .isInstanceOf(InferenceException.class);
      assertThat(session.pool().idleBytes()).isEqualTo(before);
      try (InferenceResponse response = Fixtures.run(session, Fixtures.int64(Shape.of(2), 1, 3))) {
        assertThat(Fixtures.floats(response, "y")).containsExactly(20, 40);
      }
    }
  }

  @Test
  void fourThreadsGetTheirOwnAnswers() throws Exception {
    try (OnnxSession session = Fixtures.open("unnamed");
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Fixtures.learn(session, 3);
      List<Callable<Boolean>> tasks = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        int mine = thread + 1;
        tasks.add(
            () -> {
              for (int run = 0; run < 2_000; run++) {
                assertDoubled(session, 1 + (run + mine) % 5, mine * 10_000f + run);
              }
              return true;
            });
      }
      for (Future<Boolean> task : threads.invokeAll(tasks)) {
        assertThat(task.get()).isTrue();
      }
    }
  }

  private static void assertDoubled(OnnxSession session, int rows, float first) {
    float[] sent = new float[rows * 3];
    float[] expected = new float[rows * 3];
    for (int i = 0; i < sent.length; i++) {
      sent[i] = first + i;
      expected[i] = 2 * sent[i];
    }
    try (InferenceResponse response =
        Fixtures.run(session, Fixtures.fp32(Shape.of(rows, 3), sent))) {
      assertThat(Fixtures.tensor(response, "y").shape()).isEqualTo(Shape.of(rows, 3));
      assertThat(Fixtures.floats(response, "y")).isEqualTo(expected);
    }
  }

  private static void assertTwoZeros(OnnxSession session, Shape three) {
    try (InferenceResponse response = Fixtures.run(session, Fixtures.fp32(three, 0, 1, 0))) {
      assertThat(Fixtures.tensor(response, "y").shape()).isEqualTo(Shape.of(2));
      assertThat(Fixtures.floats(response, "y")).containsExactly(0, 0);
    }
  }

  private static long bytes(InferenceResponse response) {
    Tensor tensor = Fixtures.tensor(response, "y");
    return tensor.data().capacity();
  }
}
