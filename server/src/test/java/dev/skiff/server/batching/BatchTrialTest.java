package dev.skiff.server.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A model that doubles its numbers, on a clock that moves only when it runs. */
class BatchTrialTest {
  private final TensorPool pool = new TensorPool(1 << 20);
  private long now;
  private int runs;

  @ParameterizedTest(name = "{0} + {1} a row")
  @CsvSource(
      nullValues = "gains",
      value = {
        "1000, 0, gains",
        "700, 300, gains",
        "300, 700, gains", // 5,900 instead of 8,000
        "230, 770, gains", // 6,390: just under 0.8
        "220, 780, 8 rows together take 81 % of the time that they take alone",
        "0, 1000, 8 rows together take 100 % of the time that they take alone",
      })
  void joinsWhereThatGains(long each, long row, String objection) {
    assertThat(objection(request -> run(request, each + row * rows(request))))
        .isEqualTo(Optional.ofNullable(objection));
  }

  @Test
  void theFastestRunsCount() {
    assertThat(objection(request -> run(request, runs++ % 3 == 0 ? 1_000_000 : 1000))).isEmpty();
  }

  @Test
  void aSlowModelIsTriedOnlyOnce() {
    objection(
        request -> {
          runs++;
          return run(request, 15_000_000);
        });
    assertThat(runs)
        .as("two rows and all together for the answers, one of each for the time")
        .isEqualTo(5);
  }

  @Test
  void doesNotJoinRowsThatDependOnEachOther() {
    assertThat(
            objection(
                request -> {
                  InferenceResponse response = run(request, rows(request) == 1 ? 1000 : 1);
                  Tensor y = (Tensor) Objects.requireNonNull(response.outputs().get("y"));
                  y.data().putInt(0, y.data().getInt(0) + (int) rows(request));
                  return response;
                }))
        .contains("output 'y' of a row depends on the rows beside it");
  }

  @Test
  void doesNotJoinWhatHasNoCommonRows() {
    InferenceRequest request = request(Tensor.allocate(Datatype.INT32, Shape.of()));
    assertThat(new BatchTrial(it -> run(it, 1), pool, () -> now).objection(List.of(request)))
        .contains("its inputs have no common outermost dimension");
  }

  @Test
  void passesOnThatTheModelFails() {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(
            () ->
                objection(
                    request -> {
                      throw InferenceException.invalid("not on such data");
                    }));
  }

  private Optional<String> objection(Runner runner) {
    return new BatchTrial(runner, pool, () -> now)
        .objection(List.of(request(ints(1)), request(ints(2))));
  }

  private InferenceResponse run(InferenceRequest request, long nanos) {
    now += nanos;
    Tensor x = Objects.requireNonNull(request.inputs().get("x"));
    Tensor y = Tensor.allocate(Datatype.INT32, x.shape());
    for (int at = 0; at < x.data().limit(); at += Integer.BYTES) {
      y.data().putInt(at, 2 * x.data().getInt(at));
    }
    return new InferenceResponse(new LinkedHashMap<>(Map.of("y", y)), 0, nanos);
  }

  private static long rows(InferenceRequest request) {
    return Objects.requireNonNull(request.inputs().get("x")).shape().dimension(0);
  }

  private static Tensor ints(int value) {
    Tensor tensor = Tensor.allocate(Datatype.INT32, Shape.of(1));
    tensor.data().putInt(0, value);
    return tensor;
  }

  private static InferenceRequest request(Tensor x) {
    return new InferenceRequest(Map.of("x", x), List.of("y"), new Deadline(0));
  }
}
