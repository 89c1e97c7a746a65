package dev.skiff.server.batching;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Whether two answers to the same rows are the same, as far as arithmetic allows: kernels may sum
 * in another order for another batch size, which changes a float's last bits and nothing else.
 */
final class Closeness {
  private static final double TOLERANCE = 1e-4;

  /** Half-precision numbers have 8 or 11 significant bits. */
  private static final double HALF_TOLERANCE = 2e-2;

  private Closeness() {}

  static boolean close(Value one, Value other) {
    return switch (one) {
      case Tensor a -> other instanceof Tensor b && close(a, b);
      case Value.Sequence(var a) -> other instanceof Value.Sequence(var b) && close(a, b);
      case Value.Dictionary(var a) -> other instanceof Value.Dictionary(var b) && close(a, b);
    };
  }

  private static boolean close(List<Value> one, List<Value> other) {
    boolean close = one.size() == other.size();
    for (int i = 0; close && i < one.size(); i++) {
      close = close(one.get(i), other.get(i));
    }
    return close;
  }

  private static boolean close(Map<String, Object> one, Map<String, Object> other) {
    boolean close = one.keySet().equals(other.keySet());
    for (String key : one.keySet()) {
      close = close && scalars(one.get(key), other.get(key));
    }
    return close;
  }

  private static boolean scalars(@Nullable Object one, @Nullable Object other) {
    if (one instanceof Float a && other instanceof Float b) {
      return close(a, b, TOLERANCE);
    }
    if (one instanceof Double a && other instanceof Double b) {
      return close(a, b, TOLERANCE);
    }
    return Objects.equals(one, other);
  }

  private static boolean close(Tensor a, Tensor b) {
    Datatype datatype = a.datatype();
    if (datatype != b.datatype() || !a.shape().equals(b.shape())) {
      return false;
    }
    return switch (datatype) {
      case FP16, BF16, FP32, FP64 -> {
        double tolerance =
            datatype == Datatype.FP32 || datatype == Datatype.FP64 ? TOLERANCE : HALF_TOLERANCE;
        boolean close = true;
        for (int at = 0; close && at < a.data().limit(); at += datatype.byteSize()) {
          close = close(real(datatype, a.data(), at), real(datatype, b.data(), at), tolerance);
        }
        yield close;
      }
      case BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, BYTES ->
          a.data().slice(0, a.data().limit()).equals(b.data().slice(0, b.data().limit()));
    };
  }

  private static double real(Datatype datatype, ByteBuffer data, int at) {
    return switch (datatype) {
      case FP16 -> Float.float16ToFloat(data.getShort(at));
      case BF16 -> Float.intBitsToFloat(data.getShort(at) << 16);
      case FP32 -> data.getFloat(at);
      default -> data.getDouble(at);
    };
  }

  private static boolean close(double a, double b, double tolerance) {
    return Double.compare(a, b) == 0
        || (Double.isFinite(a)
            && Double.isFinite(b)
            && Math.abs(a - b) <= tolerance * Math.max(1, Math.max(Math.abs(a), Math.abs(b))));
  }
}
