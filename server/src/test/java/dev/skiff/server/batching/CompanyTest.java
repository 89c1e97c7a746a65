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
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Requests of some INT32 each, to a model that answers what it was asked and fails on 13. */
class CompanyTest {
  private final TensorPool pool = new TensorPool(1 << 20);
  private final List<Integer> runs = new ArrayList<>();
  private final Batcher batcher = batcher(new BatchPolicy(4, Set.of(), 0), Optional.empty());
  private final Company company = batcher.company();

  @Test
  void runsAsOne() {
    assertThat(company.add(batcher, request(1))).isTrue();
    assertThat(company.add(batcher, request(2, 3))).isTrue();
    List<Outcome> outcomes = company.tryRun();
    assertThat(runs).containsExactly(3);
    assertThat(outcomes).extracting(CompanyTest::values).containsExactly(List.of(1), List.of(2, 3));
  }

  @Test
  void takesNoMoreThanABatch() {
    assertThat(company.add(batcher, request(1, 2, 3))).isTrue();
    assertThat(company.add(batcher, request(4, 5))).isFalse();
    assertThat(company.add(batcher, request(4))).isTrue();
    assertThat(values(company.tryRun().getLast())).containsExactly(4);
  }

  @Test
  void isFullAtAPreferredSizeAndAtTheLargest() {
    Batcher preferring = batcher(new BatchPolicy(4, Set.of(3L), 0), Optional.empty());
    Company preferred = preferring.company();
    assertThat(preferred.add(preferring, request(1))).isTrue();
    assertThat(preferred.isFull()).isFalse();
    assertThat(preferred.add(preferring, request(2, 3))).isTrue();
    assertThat(preferred.isFull()).isTrue();
    assertThat(preferred.add(preferring, request(4))).isFalse();
    assertThat(company.add(batcher, request(1, 2, 3))).isTrue();
    assertThat(company.isFull()).isFalse();
    assertThat(company.add(batcher, request(4))).isTrue();
    assertThat(company.isFull()).isTrue();
  }

  @Test
  void takesNothingOfAnotherModelOrKind() {
    assertThat(company.add(batcher, request(1))).isTrue();
    assertThat(company.add(batcher(BatchPolicy.ALONE, Optional.empty()), request(1))).isFalse();
    assertThat(company.add(batcher, floats())).isFalse();
  }

  @Test
  void leavesModelsThatRunAloneAndThoseThatWaitForCompany() {
    for (Batcher other :
        List.of(
            batcher(new BatchPolicy(4, Set.of(), 0), Optional.of("no rows")),
            batcher(new BatchPolicy(4, Set.of(), 1_000), Optional.empty()))) {
      assertThat(other.company().add(other, request(1))).isFalse();
    }
  }

  @Test
  void oneBadRequestFailsAlone() {
    company.add(batcher, request(1));
    company.add(batcher, request(13));
    List<Outcome> outcomes = company.tryRun();
    assertThat(values(outcomes.getFirst())).containsExactly(1);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(outcomes.getLast()::answer)
        .withMessage("13 is bad");
  }

  @Test
  void waitsForNothing() {
    company.add(batcher, request(1));
    batcher.stop();
    assertThat(company.tryRun()).isEmpty();
  }

  @Test
  void leavesOneThatIsTooLateToBeRefused() {
    company.add(
        batcher,
        new InferenceRequest(
            request(1).inputs(), List.of("x"), Deadline.after(Duration.ofNanos(-1))));
    assertThat(company.tryRun()).isEmpty();
    assertThat(runs).isEmpty();
  }

  private Batcher batcher(BatchPolicy policy, Optional<String> objection) {
    return new Batcher(
        this::run,
        pool,
        (rows, join, run, split) -> {},
        policy,
        objection,
        new Batcher.Limits(1, 10, 1 << 20, 4));
  }

  private InferenceResponse run(InferenceRequest request) {
    Tensor x = Objects.requireNonNull(request.inputs().get("x"));
    runs.add((int) x.shape().elements());
    Tensor y = pool.acquire(Datatype.INT32, x.shape());
    for (int i = 0; i < x.data().limit(); i += Integer.BYTES) {
      if (x.data().getInt(i) == 13) {
        y.close();
        throw InferenceException.invalid("13 is bad");
      }
      y.data().putInt(i, x.data().getInt(i));
    }
    return new InferenceResponse(new LinkedHashMap<>(Map.of("x", y)), 0, 1);
  }

  private static InferenceRequest request(int... values) {
    Tensor tensor = Tensor.allocate(Datatype.INT32, Shape.of(values.length, 1));
    tensor.data().asIntBuffer().put(values);
    return request(tensor);
  }

  private static InferenceRequest floats() {
    return request(Tensor.allocate(Datatype.FP32, Shape.of(1, 1)));
  }

  private static InferenceRequest request(Tensor tensor) {
    return new InferenceRequest(
        Map.of("x", tensor), List.of("x"), Deadline.after(Duration.ofMinutes(1)));
  }

  private static List<Integer> values(Outcome outcome) {
    List<Integer> values = new ArrayList<>();
    try (InferenceResponse response = outcome.answer()) {
      if (response.outputs().get("x") instanceof Tensor x) {
        for (int i = 0; i < x.data().limit(); i += Integer.BYTES) {
          values.add(x.data().getInt(i));
        }
      }
    }
    return values;
  }
}
