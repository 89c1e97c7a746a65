package dev.skiff.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RecordedRunnerTest {
  private final AtomicInteger runs = new AtomicInteger();
  private final TensorPool pool = new TensorPool(1 << 10);
  private final RecordedRunner runner = new RecordedRunner(this::model, pool);

  @Test
  void repeatsTheFirstAnswerOfEachShape() {
    for (int i = 0; i < 3; i++) {
      assertThat(first(run(1))).isEqualTo(1);
    }
    assertThat(first(run(2))).as("another shape").isEqualTo(2);
    assertThat(first(run(1))).isEqualTo(1);
    assertThat(runs).hasValue(2);
  }

  @Test
  void everyAnswerIsTheCallersOwn() {
    InferenceResponse one = run(1);
    InferenceResponse another = run(1);
    tensor(one.outputs(), "y").data().putFloat(0, 7);
    one.close();
    assertThat(first(another)).isEqualTo(1);
    another.close();
    assertThat(pool.idleBytes()).isEqualTo(8);
  }

  @Test
  void repeatsValuesOfEveryKind() {
    for (int i = 0; i < 2; i++) {
      SequencedMap<String, Value> outputs = run(1).outputs();
      assertThat(outputs.sequencedKeySet()).containsExactly("y", "words", "maps");
      assertThat(tensor(outputs, "words").strings()).containsExactly("yes");
      assertThat(outputs.get("maps"))
          .isEqualTo(new Value.Sequence(List.of(new Value.Dictionary(Map.of("a", 1f)))));
    }
  }

  private InferenceResponse model(InferenceRequest request) {
    Tensor counted = Tensor.allocate(Datatype.FP32, Shape.of(1));
    counted.data().putFloat(0, runs.incrementAndGet());
    SequencedMap<String, Value> outputs = new LinkedHashMap<>();
    outputs.put("y", counted);
    outputs.put("words", Tensor.ofStrings(Shape.of(1), List.of("yes")));
    outputs.put("maps", new Value.Sequence(List.of(new Value.Dictionary(Map.of("a", 1f)))));
    return new InferenceResponse(outputs, 0, 42);
  }

  private InferenceResponse run(long rows) {
    Tensor input = Tensor.allocate(Datatype.FP32, Shape.of(rows));
    Deadline deadline = Deadline.after(Duration.ofMinutes(1));
    try (var request = new InferenceRequest(Map.of("x", input), List.of("y"), deadline)) {
      return runner.run(request);
    }
  }

  private static Tensor tensor(SequencedMap<String, Value> outputs, String name) {
    return (Tensor) Objects.requireNonNull(outputs.get(name));
  }

  private static float first(InferenceResponse response) {
    return tensor(response.outputs(), "y").data().getFloat(0);
  }
}
