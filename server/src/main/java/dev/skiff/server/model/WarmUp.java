package dev.skiff.server.model;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
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

/**
 * Runs a fresh model a few times on made-up data, so that the first real request finds code, memory
 * and kernels ready, and so that the session learns the shapes of its outputs.
 */
final class WarmUp {
  /** Two batch sizes tell an output that grows with the batch from one that does not. */
  private static final long[] BATCHES = {1, 2};

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private WarmUp() {}

  /**
   * Runs the model on zeros and empty strings.
   *
   * @param shapes by input, dimensions to use where the model leaves them open
   * @throws dev.skiff.server.inference.InferenceException if the model cannot run on such data
   */
  static void run(OnnxSession session, Map<String, List<Long>> shapes) {
    List<String> outputs = session.outputs().stream().map(TensorSpec::name).toList();
    for (long batch : BATCHES) {
      Map<String, Tensor> inputs = new LinkedHashMap<>();
      for (TensorSpec spec : session.inputs()) {
        List<Long> wanted = shapes.getOrDefault(spec.name(), List.of());
        inputs.put(spec.name(), zeros(spec.datatype(), shape(spec.shape(), wanted, batch)));
      }
      try (InferenceRequest request =
          new InferenceRequest(inputs, outputs, Deadline.after(PATIENCE))) {
        session.learn(request);
        session.run(request).close();
      }
    }
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
}
