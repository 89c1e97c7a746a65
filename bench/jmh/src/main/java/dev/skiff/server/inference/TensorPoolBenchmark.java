package dev.skiff.server.inference;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A tensor of one row of 64 FP32 numbers: from the pool and back, beside made and freed. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TensorPoolBenchmark {
  private static final Shape ROW = Shape.of(1, 64);

  private final TensorPool pool = new TensorPool(1 << 20);

  @Benchmark
  public int pooled() {
    try (Tensor tensor = pool.acquire(Datatype.FP32, ROW)) {
      return tensor.data().capacity();
    }
  }

  @Benchmark
  public int allocated() {
    try (Tensor tensor = Tensor.allocate(Datatype.FP32, ROW)) {
      return tensor.data().capacity();
    }
  }
}
