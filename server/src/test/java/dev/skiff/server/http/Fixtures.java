package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.skiff.server.batching.BatchPolicy;
import dev.skiff.server.batching.Batcher;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.Placement;
import dev.skiff.server.model.ServiceTime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.assertj.core.api.AbstractStringAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What the tests without sockets are made of: hand-made models, bodies and tensors. */
final class Fixtures {
  static final Deadline SOON = Deadline.after(Duration.ofMinutes(10));
  static final TensorSpec ROWS = spec("x", Datatype.FP32, Shape.DYNAMIC, 3);
  static final ObjectMapper MAPPER = new ObjectMapper();

  private static final String BEYOND = "]}garbage beyond the end";

  private Fixtures() {}

  static TensorSpec spec(String name, Datatype datatype, long... dimensions) {
    return new TensorSpec(name, datatype, Shape.of(dimensions));
  }

  /** A model that is only read and written for, never run. */
  static LoadedModel model(TensorSpec... inputs) {
    return model(List.of(inputs), List.of(spec("y", Datatype.FP32, Shape.DYNAMIC, 3)), List.of());
  }

  static LoadedModel model(List<TensorSpec> inputs, List<TensorSpec> outputs, List<String> labels) {
    TensorPool pool = new TensorPool(1 << 20);
    Batcher batcher =
        new Batcher(
            request -> {
              throw new AssertionError("nobody runs this model");
            },
            pool,
            (rows, join, run, split) -> {},
            BatchPolicy.ALONE,
            Optional.empty(),
            new Batcher.Limits(1, 1, Long.MAX_VALUE, Long.MAX_VALUE));
    return new LoadedModel(
        inputs,
        outputs,
        labels,
        pool,
        batcher,
        ServiceTime.unknown(),
        new Placement("cpu", OptionalInt.empty(), Collections.emptySortedMap(), Optional.empty()),
        () -> {});
  }

  static Body body(String text) {
    return body(text.getBytes(StandardCharsets.UTF_8));
  }

  /** A body whose array begins before it and goes on after its end, as a reused buffer does. */
  static Body body(byte[] bytes) {
    return body(bytes, bytes.length);
  }

  static Body body(byte[] bytes, int length) {
    byte[] beyond = BEYOND.getBytes(StandardCharsets.UTF_8);
    byte[] larger = new byte[beyond.length + length + beyond.length];
    System.arraycopy(beyond, 0, larger, 0, beyond.length);
    System.arraycopy(bytes, 0, larger, beyond.length, length);
    System.arraycopy(beyond, 0, larger, beyond.length + length, beyond.length);
    return new Body(larger, beyond.length, length);
  }

  static String text(Body body) {
    return new String(body.bytes(), body.offset(), body.length(), StandardCharsets.UTF_8);
  }

  /** The body as a tree; fails if it is not one JSON text. */
  static JsonNode tree(Body body) {
    try {
      return MAPPER.readTree(body.bytes(), body.offset(), body.length());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode tree(String json) {
    return tree(new Body(json.getBytes(StandardCharsets.UTF_8)));
  }

  /** The message of the error, which must be INVALID_ARGUMENT. */
  static AbstractStringAssert<?> assertInvalid(ThrowingCallable call) {
    return assertRefused(ErrorCode.INVALID_ARGUMENT, call);
  }

  /** The message of the error, which must have this code. */
  static AbstractStringAssert<?> assertRefused(ErrorCode code, ThrowingCallable call) {
    Throwable thrown = catchThrowable(call);
    assertThat(thrown).isInstanceOf(InferenceException.class);
    InferenceException refusal = (InferenceException) thrown;
    assertThat(refusal.code()).as(refusal.reason()).isEqualTo(code);
    return assertThat(refusal.reason()).doesNotContain("byte -");
  }

  static Tensor input(InferenceRequest request, String name) {
    return Objects.requireNonNull(request.inputs().get(name));
  }

  static Tensor floats(Shape shape, float... values) {
    Tensor tensor = Tensor.allocate(Datatype.FP32, shape);
    ByteBuffer data = tensor.data().duplicate().order(tensor.data().order());
    for (float value : values) {
      data.putFloat(value);
    }
    return tensor;
  }

  static Tensor longs(Shape shape, long... values) {
    Tensor tensor = Tensor.allocate(Datatype.INT64, shape);
    ByteBuffer data = tensor.data().duplicate().order(tensor.data().order());
    for (long value : values) {
      data.putLong(value);
    }
    return tensor;
  }

  static List<Float> floats(Tensor tensor) {
    return IntStream.range(0, (int) tensor.shape().elements())
        .mapToObj(i -> tensor.data().getFloat(i * Float.BYTES))
        .toList();
  }
}
