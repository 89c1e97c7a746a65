import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * The floor: one session that runs one row over and over, with nothing around it. Its tensors are
 * made once, as Skiff's are. Prints the rows of each second.
 *
 * <p>Arguments: the model, with one FP32 input and one FP32 output; seconds.
 */
class OrtLoop {
  public static void main(String[] arguments) throws OrtException {
    long seconds = Long.parseLong(arguments[1]);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      try (OrtSession session = environment.createSession(arguments[0], options)) {
        var input = session.getInputInfo().values().iterator().next();
        var output = session.getOutputInfo().values().iterator().next();
        try (OnnxTensor in = row(environment, (TensorInfo) input.getInfo());
            OnnxTensor out = row(environment, (TensorInfo) output.getInfo())) {
          loop(session, Map.of(input.getName(), in), Map.of(output.getName(), out), seconds);
        }
      }
    }
  }

  private static void loop(
      OrtSession session,
      Map<String, OnnxTensor> inputs,
      Map<String, OnnxTensor> outputs,
      long seconds)
      throws OrtException {
    long start = System.nanoTime();
    long rows = 0;
    for (long second = 1; second <= seconds; ) {
      session.run(inputs, Set.of(), outputs).close();
      rows++;
      if (System.nanoTime() - start >= second * 1_000_000_000L) {
        System.out.println(rows);
        rows = 0;
        second++;
      }
    }
  }

  /** One row of random numbers; an open dimension is 1. */
  private static OnnxTensor row(OrtEnvironment environment, TensorInfo info) throws OrtException {
    if (info.type != OnnxJavaType.FLOAT) {
      throw new IllegalArgumentException("only FP32 is measured here, not " + info.type);
    }
    long[] shape = LongStream.of(info.getShape()).map(length -> Math.max(1, length)).toArray();
    int count = (int) LongStream.of(shape).reduce(1, (a, b) -> a * b);
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder());
    FloatBuffer numbers = bytes.asFloatBuffer();
    Random random = new Random(42);
    while (numbers.hasRemaining()) {
      numbers.put(random.nextFloat());
    }
    return OnnxTensor.createTensor(environment, numbers.flip(), shape);
  }
}
