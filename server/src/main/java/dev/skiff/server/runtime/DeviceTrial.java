package dev.skiff.server.runtime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * One operator on random numbers, on a device and on the CPU.
 *
 * @param deviation the largest difference of the two answers, over the largest number in the CPU's
 * @param deviceNanos how long a run takes on the device, copies included: the median of several
 * @param cpuNanos the same on the CPU
 */
record DeviceTrial(double deviation, long deviceNanos, long cpuNanos) {
  /**
   * Right is what is as near as TF32 comes, which Ampere and later multiply in by default: ten bits
   * of each factor.
   */
  private static final double TOLERANCE = 5e-3;

  private static final int WARM_UPS = 3;
  private static final int RUNS = 11;

  /** An operator, as the only one of a model in the jar. */
  enum Operator {
    MATMUL,
    CONVOLUTION;

    private long[][] shapes() {
      return switch (this) {
        case MATMUL -> new long[][] {{1024, 1024}, {1024, 1024}};
        case CONVOLUTION -> new long[][] {{8, 64, 56, 56}, {64, 64, 3, 3}};
      };
    }

    private String file() {
      return "/" + name().toLowerCase(Locale.ROOT) + ".onnx";
    }
  }

  /** Whether the device's answer is right. */
  boolean right() {
    return deviation <= TOLERANCE;
  }

  /** Runs the operator on both. Takes less than a second or two. */
  static DeviceTrial of(Operator operator, OrtEnvironment environment, ExecutionProvider device)
      throws OrtException {
    Map<String, OnnxTensor> inputs = inputs(operator, environment);
    try {
      int cpus = Runtime.getRuntime().availableProcessors();
      Answer expected = answer(operator, environment, new ExecutionProvider.Cpu(cpus), inputs);
      Answer actual = answer(operator, environment, device, inputs);
      return new DeviceTrial(
          deviation(expected.values(), actual.values()), actual.nanos(), expected.nanos());
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Answer(float[] values, long nanos) {}

  private static Answer answer(
      Operator operator,
      OrtEnvironment environment,
      ExecutionProvider provider,
      Map<String, OnnxTensor> inputs)
      throws OrtException {
    long[] nanos = new long[RUNS];
    float[] values = new float[0];
    try (SessionOptions options = SessionSettings.of(provider);
        OrtSession session = environment.createSession(model(operator.file()), options)) {
      for (int i = -WARM_UPS; i < RUNS; i++) {
        long start = System.nanoTime();
        try (OrtSession.Result result = session.run(inputs)) {
          nanos[Math.max(i, 0)] = System.nanoTime() - start;
          if (i == RUNS - 1) {
            values = ((OnnxTensor) result.get(0)).getFloatBuffer().array();
          }
        }
      }
    }
    Arrays.sort(nanos);
    return new Answer(values, nanos[RUNS / 2]);
  }

  private static Map<String, OnnxTensor> inputs(Operator operator, OrtEnvironment environment)
      throws OrtException {
    Random random = new Random(1);
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    for (long[] shape : operator.shapes()) {
      int elements = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
      FloatBuffer values = FloatBuffer.allocate(elements);
      while (values.hasRemaining()) {
        values.put(random.nextFloat(-1, 1));
      }
      inputs.put(
          inputs.isEmpty() ? "a" : "b", OnnxTensor.createTensor(environment, values.flip(), shape));
    }
    return inputs;
  }

  static double deviation(float[] expected, float[] actual) {
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < expected.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      double here = Math.abs((double) expected[i] - actual[i]);
      difference = Double.isNaN(here) ? Double.POSITIVE_INFINITY : Math.max(difference, here);
    }
    return difference / largest;
  }

  /** The bytes of a model that is in the jar. */
  static byte[] model(String name) {
    try (InputStream file = DeviceTrial.class.getResourceAsStream(name)) {
      if (file == null) {
        throw new IllegalStateException(name + " is not in the jar");
      }
      return file.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
