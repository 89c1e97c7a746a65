package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.io.IOException;
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
  /** The classes of digits; those of ImageNet; an image of 3 x 224 x 224. */
  @Param({"10", "1000", "150528"})
  int numbers;

  private static final JsonFactory JACKSON =
      new JsonFactoryBuilder().enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER).build();

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
  public int write() {
    Body body = Json.write(json -> new ValueWriter(json).write(tensor));
    body.release();
    return body.length();
  }

  /** The same with Jackson alone. */
  @Benchmark
  public int jackson() throws IOException {
    ReplyBuffer bytes = ReplyBuffer.take();
    try (JsonGenerator json = JACKSON.createGenerator(bytes)) {
      new ValueWriter(json).write(tensor);
    }
    Body body = bytes.body();
    body.release();
    return body.length();
  }
}
