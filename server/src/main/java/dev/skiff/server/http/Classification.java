package dev.skiff.server.http;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Triton's classification extension: instead of an output's scores, the best classes of each row as
 * texts {@code value:index[:label]}, best first.
 */
final class Classification {
  private Classification() {}

  /**
   * The best classes of an output.
   *
   * @param classes how many, at most as many as the row has
   * @param labels what the indices are called, as far as they are called anything
   * @return BYTES, [rows, classes] for a value with rows, else [classes]
   * @throws InferenceException UNSUPPORTED for an output that is no tensor of numbers
   */
  static Tensor of(Value value, int classes, List<String> labels) {
    if (!(value instanceof Tensor tensor) || tensor.shape().rank() == 0) {
      throw unsupported("an output that has no scores");
    }
    IntFunction<Number> scores = scores(tensor);
    boolean hasRows = tensor.shape().rank() > 1;
    long rows = hasRows ? tensor.shape().dimension(0) : 1;
    int perRow = rows == 0 ? 0 : Math.toIntExact(tensor.shape().elements() / rows);
    int best = Math.min(classes, perRow);
    List<String> texts = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      int start = row * perRow;
      IntStream.range(0, perRow)
          .boxed()
          .sorted((a, b) -> compare(scores.apply(start + b), scores.apply(start + a)))
          .limit(best)
          .forEach(
              index -> {
                String label = index < labels.size() ? ":" + labels.get(index) : "";
                texts.add(scores.apply(start + index) + ":" + index + label);
              });
    }
    return Tensor.ofStrings(hasRows ? Shape.of(rows, best) : Shape.of(best), texts);
  }

  private static int compare(Number a, Number b) {
    return Double.compare(a.doubleValue(), b.doubleValue());
  }

  private static IntFunction<Number> scores(Tensor tensor) {
    ByteBuffer data = tensor.data();
    return switch (tensor.datatype()) {
      case FP32 -> i -> data.getFloat(i * Float.BYTES);
      case FP64 -> i -> data.getDouble(i * Double.BYTES);
      case INT64 -> i -> data.getLong(i * Long.BYTES);
      case INT32 -> i -> data.getInt(i * Integer.BYTES);
      case INT16 -> i -> data.getShort(i * Short.BYTES);
      case INT8 -> data::get;
      case UINT8 -> i -> Byte.toUnsignedInt(data.get(i));
      case BOOL, UINT16, UINT32, UINT64, FP16, BF16, BYTES ->
          throw unsupported("an output of " + tensor.datatype());
    };
  }

  private static InferenceException unsupported(String what) {
    return new InferenceException(
        ErrorCode.UNSUPPORTED, "classification is not supported for " + what);
  }
}
