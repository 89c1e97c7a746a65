package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.TensorSpec;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
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

/** A bare JSON array of FP32 numbers of eight digits into a pooled tensor of the likely shape. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(3)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameter and calls write() first
public class TensorReaderBenchmark {
  /** A row of digits; an image of 3 x 224 x 224. */
  @Param({"64", "150528"})
  int numbers;

  private final TensorPool pool = new TensorPool(1 << 20);
  private TensorSpec spec;
  private Body body;

  @Setup
  public void write() {
    spec = new TensorSpec("x", Datatype.FP32, Shape.of(numbers));
    String text =
        new Random(1)
            .doubles(numbers)
            .mapToObj("%.8f"::formatted)
            .collect(Collectors.joining(",", "[", "]"));
    body = new Body(text.getBytes(StandardCharsets.US_ASCII));
  }

  @Benchmark
  public int read() {
    try (TensorReader reader = new TensorReader(spec, pool, spec.shape())) {
      Json.<Boolean>read(
          body,
          json -> {
            reader.readAll(json);
            return true;
          });
      try (Tensor tensor = reader.tensor()) {
        return tensor.data().getInt(0);
      }
    }
  }
}
