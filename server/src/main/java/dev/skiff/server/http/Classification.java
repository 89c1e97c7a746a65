package dev.skiff.server.http;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntBinaryOperator;
import java.util.function.IntFunction;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;

/**
 * Triton's classification extension: instead of an output's scores, the best classes of each row as
 * texts {@code value:index[:label]}, best first. Of equal ones the first is the best.
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
    Scores scores = scores(tensor);
    boolean hasRows = tensor.shape().rank() > 1;
    long rows = hasRows ? tensor.shape().dimension(0) : 1;
    int perRow = rows == 0 ? 0 : Math.toIntExact(tensor.shape().elements() / rows);
    int best = Math.min(classes, perRow);
    List<String> texts = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      int start = row * perRow;
      IntStream.range(0, perRow)
          .boxed()
          .sorted((a, b) -> scores.order().applyAsInt(start + b, start + a))
          .limit(best)
          .forEach(
              index -> {
                String label = index < labels.size() ? ":" + labels.get(index) : "";
                texts.add(scores.text().apply(start + index) + ":" + index + label);
              });
    }
    return Tensor.ofStrings(hasRows ? Shape.of(rows, best) : Shape.of(best), texts);
  }

  /**
   * The elements of an output, compared as its datatype compares them.
   *
   * @param order of the elements at two places; NaN is before all else
   * @param text of the element at a place
   */
  private record Scores(IntBinaryOperator order, IntFunction<String> text) {
    static Scores ofReals(IntToDoubleFunction value, IntFunction<String> text) {
      return new Scores(
          (a, b) -> {
            double one = value.applyAsDouble(a);
            double other = value.applyAsDouble(b);
            return Double.isNaN(one) || Double.isNaN(other)
                ? Boolean.compare(Double.isNaN(other), Double.isNaN(one))
                : Double.compare(one, other);
          },
          text);
    }

    static Scores ofIntegers(IntToLongFunction value) {
      return new Scores(
          (a, b) -> Long.compare(value.applyAsLong(a), value.applyAsLong(b)),
          i -> Long.toString(value.applyAsLong(i)));
    }
  }

  private static Scores scores(Tensor tensor) {
    ByteBuffer data = tensor.data();
    return switch (tensor.datatype()) {
      case FP32 ->
          Scores.ofReals(
              i -> data.getFloat(i * Float.BYTES), i -> "" + data.getFloat(i * Float.BYTES));
      case FP64 ->
          Scores.ofReals(
              i -> data.getDouble(i * Double.BYTES), i -> "" + data.getDouble(i * Double.BYTES));
      case INT64 -> Scores.ofIntegers(i -> data.getLong(i * Long.BYTES));
      case INT32 -> Scores.ofIntegers(i -> data.getInt(i * Integer.BYTES));
      case INT16 -> Scores.ofIntegers(i -> data.getShort(i * Short.BYTES));
      case INT8 -> Scores.ofIntegers(data::get);
      case UINT8 -> Scores.ofIntegers(i -> Byte.toUnsignedLong(data.get(i)));
      case UINT16 -> Scores.ofIntegers(i -> Short.toUnsignedLong(data.getShort(i * Short.BYTES)));
      case UINT32 -> Scores.ofIntegers(i -> Integer.toUnsignedLong(data.getInt(i * Integer.BYTES)));
      case UINT64 ->
          new Scores(
              (a, b) ->
                  Long.compareUnsigned(data.getLong(a * Long.BYTES), data.getLong(b * Long.BYTES)),
              i -> Long.toUnsignedString(data.getLong(i * Long.BYTES)));
      case BOOL, FP16, BF16, BYTES -> throw unsupported("an output of " + tensor.datatype());
    };
  }

  private static InferenceException unsupported(String what) {
    return new InferenceException(
        ErrorCode.UNSUPPORTED, "classification is not supported for " + what);
  }
}
