package dev.skiff.server.http;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The labels of a model's answer, where it has a {@code labels.txt}: for each row the label of its
 * class index, which is the row's one whole number, or the place of the greatest score where there
 * are as many scores as labels.
 */
final class Labels {
  private Labels() {}

  /**
   * A label per row of the value.
   *
   * @return none if there are no labels or the value has no class index; within it, null for an
   *     index without a label
   */
  static Optional<List<@Nullable String>> of(Value value, List<String> labels) {
    if (labels.isEmpty()
        || !(value instanceof Tensor tensor)
        || tensor.shape().rank() == 0
        || tensor.shape().dimension(0) == 0) {
      return Optional.empty();
    }
    int rows = Math.toIntExact(tensor.shape().dimension(0));
    long perRow = tensor.shape().elements() / rows;
    Datatype datatype = tensor.datatype();
    boolean isIndex = perRow == 1 && (datatype == Datatype.INT64 || datatype == Datatype.INT32);
    boolean isScores =
        tensor.shape().rank() == 2 && perRow == labels.size() && datatype == Datatype.FP32;
    if (!isIndex && !isScores) {
      return Optional.empty();
    }
    List<@Nullable String> found = new ArrayList<>(rows);
    for (int row = 0; row < rows; row++) {
      long index = isIndex ? index(tensor, row) : greatest(tensor.data(), row, labels.size());
      found.add(index >= 0 && index < labels.size() ? labels.get((int) index) : null);
    }
    return Optional.of(found);
  }

  private static long index(Tensor tensor, int row) {
    return tensor.datatype() == Datatype.INT64
        ? tensor.data().getLong(row * Long.BYTES)
        : tensor.data().getInt(row * Integer.BYTES);
  }

  private static int greatest(ByteBuffer scores, int row, int classes) {
    int start = row * classes;
    int best = 0;
    for (int i = 1; i < classes; i++) {
      if (scores.getFloat((start + i) * Float.BYTES)
          > scores.getFloat((start + best) * Float.BYTES)) {
        best = i;
      }
    }
    return best;
  }
}
