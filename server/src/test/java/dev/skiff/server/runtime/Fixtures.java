package dev.skiff.server.runtime;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The models of {@code src/test/fixtures} on the one ONNX Runtime of this JVM. */
final class Fixtures {
  static final OnnxRuntime RUNTIME = OnnxRuntime.load();

  /** Held, as its level is. Sessions log every failure, and here failures are wanted. */
  private static final Logger LOG = Logger.getLogger(OnnxSession.class.getName());

  static {
    LOG.setLevel(Level.OFF);
  }

  private Fixtures() {}

  static Path file(String name) {
    return Path.of("src/test/fixtures", name, "model.onnx").toAbsolutePath();
  }

  static OnnxSession open(String name) throws ModelLoadException {
    return RUNTIME.open(file(name), new ExecutionProvider.Cpu(1));
  }

  /** A request for all outputs. */
  static InferenceRequest request(OnnxSession session, Map<String, Tensor> inputs) {
    List<String> outputs = session.outputs().stream().map(TensorSpec::name).toList();
    return new InferenceRequest(inputs, outputs, Deadline.after(Duration.ofMinutes(1)));
  }

  /** Runs a model on its first input; the caller closes the response. */
  static InferenceResponse run(OnnxSession session, Tensor x) {
    try (InferenceRequest request =
        request(session, Map.of(session.inputs().getFirst().name(), x))) {
      return session.run(request);
    }
  }

  /** Teaches a model on zeros, one row and then two, as the server's warm-up does. */
  static void learn(OnnxSession session, long... row) {
    for (int batch = 1; batch <= 2; batch++) {
      Shape shape = batch(batch, row);
      Map<String, Tensor> inputs = new HashMap<>();
      session
          .inputs()
          .forEach(spec -> inputs.put(spec.name(), Tensor.allocate(spec.datatype(), shape)));
      try (InferenceRequest request = request(session, inputs)) {
        session.learn(request);
      }
    }
  }

  private static Shape batch(long batch, long... row) {
    long[] dimensions = new long[row.length + 1];
    dimensions[0] = batch;
    System.arraycopy(row, 0, dimensions, 1, row.length);
    return Shape.of(dimensions);
  }

  static Tensor fp32(Shape shape, float... values) {
    Tensor tensor = Tensor.allocate(Datatype.FP32, shape);
    tensor.data().asFloatBuffer().put(values);
    return tensor;
  }

  static Tensor int64(Shape shape, long... values) {
    Tensor tensor = Tensor.allocate(Datatype.INT64, shape);
    tensor.data().asLongBuffer().put(values);
    return tensor;
  }

  static float[] floats(InferenceResponse response, String output) {
    Tensor tensor = tensor(response, output);
    float[] values = new float[Math.toIntExact(tensor.shape().elements())];
    tensor.data().asFloatBuffer().get(values);
    return values;
  }

  static Tensor tensor(InferenceResponse response, String output) {
    if (response.outputs().get(output) instanceof Tensor tensor) {
      return tensor;
    }
    throw new AssertionError("no tensor '" + output + "' in " + response.outputs().keySet());
  }
}
