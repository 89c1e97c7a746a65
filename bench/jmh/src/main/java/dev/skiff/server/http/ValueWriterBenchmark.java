package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** An FP32 tensor of one row as JSON. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameter and calls fill() first
public class ValueWriterBenchmark {
  /** The classes of digits; those of ImageNet. */
  @Param({"10", "1000"})
  int numbers;

  private Tensor tensor;

  @Setup
  public void fill() {
    tensor = Tensor.allocate(Datatype.FP32, Shape.of(1, numbers));
    Random random = new Random(1);
    for (int i = 0; i < numbers; i++) {
      tensor.data().putFloat(i * Float.BYTES, random.nextFloat());
    }
  }

  @TearDown
  public void free() {
    tensor.close();
  }

  @Benchmark
  public Object write() {
    Body body = Json.write(json -> new ValueWriter(json).write(tensor));
    return body.bytes();
  }
}
