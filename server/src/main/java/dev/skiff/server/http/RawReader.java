package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads a raw request of the binary tensor data extension: no JSON, the body is the data of the
 * model's only input. Its shape follows from the model's and from the number of bytes.
 */
final class RawReader {
  private RawReader() {}

  /**
   * The input that a body is. The caller closes it.
   *
   * @throws InferenceException INVALID_ARGUMENT if the body cannot be that
   */
  static Tensor read(TensorSpec spec, Body body, BinaryReader binary) {
    if (body.length() == 0) {
      throw InferenceException.invalid(
          "the body is empty, expected the data of input '" + spec.name() + "'");
    }
    if (spec.datatype() == Datatype.BYTES) {
      return text(spec, body);
    }
    return binary.next(spec, shape(spec, body.length()), body.length());
  }

  /** The whole body is one element, and has no length before it. */
  private static Tensor text(TensorSpec spec, Body body) {
    Shape shape = spec.shape().closed();
    if (BinaryReader.elements(spec, shape) != 1) {
      throw InferenceException.invalid(
          "a raw body is one element of BYTES, input '%s' has shape %s"
              .formatted(spec.name(), spec.shape()));
    }
    ByteBuffer data =
        ByteBuffer.allocate(Math.addExact(Integer.BYTES, body.length()))
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(body.length())
            .put(body.bytes(), body.offset(), body.length());
    return Tensor.ofBytes(shape, data.flip());
  }

  /** The shape of so many bytes. If more is open than can be told from them, there is one row. */
  private static Shape shape(TensorSpec spec, int bytes) {
    int open = openAxis(spec.shape(), 0);
    int another = openAxis(spec.shape(), open + 1);
    if (open == 0 && another < spec.shape().rank()) {
      open = another;
      another = openAxis(spec.shape(), open + 1);
    }
    if (another < spec.shape().rank()) {
      throw InferenceException.invalid(
          "a raw body does not tell the shape of input '%s', which is %s"
              .formatted(spec.name(), spec.shape()));
    }
    Shape shape = spec.shape().closed();
    if (open == spec.shape().rank()) {
      return shape;
    }
    long step = Math.multiplyExact(BinaryReader.elements(spec, shape), spec.datatype().byteSize());
    if (step == 0 || bytes % step != 0) {
      throw InferenceException.invalid(
          "a raw body for input '%s' of %s %s has a multiple of %d bytes, got %d"
              .formatted(spec.name(), spec.datatype(), spec.shape(), step, bytes));
    }
    return shape.with(open, bytes / step);
  }

  /** The first open axis from some axis on; the rank if there is none. */
  private static int openAxis(Shape shape, int from) {
    int axis = from;
    while (axis < shape.rank() && shape.dimension(axis) != Shape.DYNAMIC) {
      axis++;
    }
    return axis;
  }
}
