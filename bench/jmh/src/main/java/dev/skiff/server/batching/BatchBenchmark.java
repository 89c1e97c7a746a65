package dev.skiff.server.batching;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Eight requests of one FP32 row each into one, and an answer for eight cut into theirs. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameter and calls gather() first
public class BatchBenchmark {
  private static final int MEMBERS = 8;

  /** Numbers in a row. */
  @Param({"64", "4096"})
  int columns;

  private final TensorPool pool = new TensorPool(1 << 20);
  private Batch batch;

  @Setup
  public void gather() {
    Stream<InferenceRequest> members =
        Stream.generate(
            () -> {
              Tensor row = Tensor.allocate(Datatype.FP32, Shape.of(1, columns));
              return new InferenceRequest(Map.of("x", row), List.of("y"), new Deadline(0));
            });
    batch = new Batch(members.limit(MEMBERS).toList());
  }

  @Benchmark
  public long join() {
    try (InferenceRequest joined = batch.join(pool)) {
      return joined.inputs().size();
    }
  }

  @Benchmark
  public long split() {
    LinkedHashMap<String, Value> outputs = new LinkedHashMap<>();
    outputs.put("y", pool.acquire(Datatype.FP32, Shape.of(MEMBERS, columns)));
    List<InferenceResponse> parts = batch.split(new InferenceResponse(outputs, 0, 0));
    parts.forEach(InferenceResponse::close);
    return parts.size();
  }
}
