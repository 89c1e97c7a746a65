package dev.skiff.server.model;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.runtime.OnnxSession;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/**
 * Runs a fresh model a few times on made-up data, so that the first real request finds code, memory
 * and kernels ready, and so that the session learns the shapes of its outputs.
 */
final class WarmUp {
  /**
   * Two batch sizes tell an output that grows with the batch from one that does not. The last is
   * the one that most requests have.
   */
  private static final long[] BATCHES = {2, 1};

  private static final int RUNS = 5;

  /** TensorRT builds its engines in the first run, which takes minutes for large models. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private WarmUp() {}

  /**
   * Runs the model on zeros and empty strings.
   *
   * @param shapes by input, dimensions to use where the model leaves them open
   * @return how long a run on one row takes
   * @throws dev.skiff.server.inference.InferenceException if the model cannot run on such data
   */
  static ServiceTime run(OnnxSession session, Map<String, List<Long>> shapes) {
    ServiceTime time = ServiceTime.unknown();
    for (long batch : BATCHES) {
      try (InferenceRequest request = request(session, shapes, batch, WarmUp::zeros)) {
        session.learn(request);
        time = ServiceTime.measured(request, quickest(session, request));
      }
    }
    return time;
  }

  /** The first runs of a quick model are slow, so where it could be one they are repeated. */
  private static long quickest(OnnxSession session, InferenceRequest request) {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < RUNS; i++) {
      try (InferenceResponse response = session.run(request)) {
        least = Math.min(least, response.runNanos());
      }
      if (least > RUNS * ServiceTime.QUICK_NANOS) {
        break;
      }
    }
    return least;
  }

  /** Two requests of one row each, as different as made-up data can be. The caller closes them. */
  static List<InferenceRequest> rows(OnnxSession session, Map<String, List<Long>> shapes) {
    Random random = new Random(1);
    return Stream.generate(
            () -> request(session, shapes, 1, (datatype, shape) -> varied(datatype, shape, random)))
        .limit(2)
        .toList();
  }

  private static InferenceRequest request(
      OnnxSession session,
      Map<String, List<Long>> shapes,
      long batch,
      BiFunction<Datatype, Shape, Tensor> fill) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (TensorSpec spec : session.inputs()) {
      List<Long> wanted = shapes.getOrDefault(spec.name(), List.of());
      inputs.put(spec.name(), fill.apply(spec.datatype(), shape(spec.shape(), wanted, batch)));
    }
    List<String> outputs = session.outputs().stream().map(TensorSpec::name).toList();
    return new InferenceRequest(inputs, outputs, Deadline.after(PATIENCE));
  }

  static Shape shape(Shape spec, List<Long> wanted, long batch) {
    Shape shape = spec;
    for (int axis = 0; axis < spec.rank(); axis++) {
      if (spec.dimension(axis) == Shape.DYNAMIC) {
        long given = axis < wanted.size() ? wanted.get(axis) : 1;
        shape = shape.with(axis, axis == 0 ? batch : given);
      }
    }
    return shape;
  }

  private static Tensor zeros(Datatype datatype, Shape shape) {
    if (datatype == Datatype.BYTES) {
      int elements = Math.toIntExact(shape.elements());
      return elements == 0
          ? Tensor.ofBytes(shape, ByteBuffer.allocate(0))
          : Tensor.ofStrings(shape, Collections.nCopies(elements, ""));
    }
    return Tensor.allocate(datatype, shape);
  }

  /** Numbers between -1 and 1, integers that are 0 or 1 (indices, as a rule), and short texts. */
  private static Tensor varied(Datatype datatype, Shape shape, Random random) {
    if (datatype == Datatype.BYTES) {
      int elements = Math.toIntExact(shape.elements());
      return Tensor.ofStrings(
          shape, random.ints(elements, 0, 26).mapToObj(i -> Character.toString('a' + i)).toList());
    }
    Tensor tensor = Tensor.allocate(datatype, shape);
    ByteBuffer data = tensor.data();
    for (int at = 0; at < data.limit(); at += datatype.byteSize()) {
      float real = random.nextFloat(-1, 1);
      int bit = random.nextInt(2);
      switch (datatype) {
        case FP16 -> data.putShort(at, Float.floatToFloat16(real));
        case BF16 -> data.putShort(at, (short) (Float.floatToRawIntBits(real) >> 16));
        case FP32 -> data.putFloat(at, real);
        case FP64 -> data.putDouble(at, real);
        case BOOL, INT8, UINT8 -> data.put(at, (byte) bit);
        case INT16, UINT16 -> data.putShort(at, (short) bit);
        case INT32, UINT32 -> data.putInt(at, bit);
        case INT64, UINT64 -> data.putLong(at, bit);
        case BYTES -> throw new AssertionError("made above");
      }
    }
    return tensor;
  }
}
