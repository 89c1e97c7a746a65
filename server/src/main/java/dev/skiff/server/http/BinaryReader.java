package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads tensors in binary form, one after the other as they lie in a body ("Binary Tensor Data
 * Extension" of the Open Inference Protocol V2): row-major, little-endian, without padding. What a
 * client says of a tensor is held against the bytes that are there before memory is taken for it.
 * The elements are copied once, from the body into the tensor; BYTES stay where they are, so their
 * tensors last as long as the body.
 */
final class BinaryReader {
  /** The bits that no byte of a BOOL has, in eight of them. */
  private static final long NOT_BOOL = 0xFEFE_FEFE_FEFE_FEFEL;

  private final Body body;
  private final TensorPool pool;

  /** The first byte that no tensor has taken, counted from the body's. */
  private int at;

  /**
   * A reader of what a body has from some byte on.
   *
   * @param start the first byte of the first tensor
   */
  BinaryReader(Body body, int start, TensorPool pool) {
    this.body = body;
    this.at = start;
    this.pool = pool;
  }

  /** How many bytes are left. */
  int remaining() {
    return body.length() - at;
  }

  /**
   * Reads the next tensor. The caller closes it.
   *
   * @param shape its shape, which the input takes
   * @param size its bytes, as the client said
   * @throws InferenceException INVALID_ARGUMENT if the body has less, or if shape, size and bytes
   *     disagree
   */
  Tensor next(TensorSpec spec, Shape shape, long size) {
    if (size > remaining()) {
      throw wrong(
          spec,
          "has %d bytes of binary data, %d are left of the body".formatted(size, remaining()));
    }
    long elements = elements(spec, shape);
    int start = body.offset() + at;
    at += (int) size;
    if (spec.datatype() == Datatype.BYTES) {
      ByteBuffer data = ByteBuffer.wrap(body.bytes(), start, (int) size).slice();
      checkTexts(spec, shape, elements, data.order(ByteOrder.LITTLE_ENDIAN));
      return Tensor.ofBytes(shape, data);
    }
    if (elements > size || elements * spec.datatype().byteSize() != size) {
      throw wrong(
          spec,
          "has %d bytes of binary data, but shape %s has %d elements of %d bytes"
              .formatted(size, shape, elements, spec.datatype().byteSize()));
    }
    if (spec.datatype() == Datatype.BOOL) {
      checkTruths(spec, start, (int) size);
    }
    Tensor tensor = pool.acquire(spec.datatype(), shape);
    tensor.data().put(0, body.bytes(), start, (int) size);
    return tensor;
  }

  /**
   * Checks that nothing is left.
   *
   * @throws InferenceException INVALID_ARGUMENT if there is
   */
  void end() {
    if (remaining() > 0) {
      throw InferenceException.invalid(
          "the body goes on for %d bytes after its last tensor".formatted(remaining()));
    }
  }

  /** The number of elements of an input's tensor, if that can be at all. */
  static long elements(TensorSpec spec, Shape shape) {
    try {
      return shape.elements();
    } catch (ArithmeticException e) {
      throw wrong(spec, "cannot have shape " + shape + ", it is too large");
    }
  }

  private static void checkTexts(TensorSpec spec, Shape shape, long elements, ByteBuffer data) {
    int end = data.limit();
    int next = 0;
    long count = 0;
    for (; count < elements && next <= end - Integer.BYTES; count++) {
      int length = data.getInt(next);
      next += Integer.BYTES;
      if (length < 0 || length > end - next) {
        throw wrong(
            spec,
            "has an element of %d bytes at byte %d of its binary data, %d are left"
                .formatted(Integer.toUnsignedLong(length), next - Integer.BYTES, end - next));
      }
      next += length;
    }
    if (count < elements || next < end) {
      throw wrong(
          spec,
          "has shape %s with %d elements, its %d bytes of binary data have %s"
              .formatted(shape, elements, end, count < elements ? "only " + count : "more"));
    }
  }

  private void checkTruths(TensorSpec spec, int start, int size) {
    ByteBuffer data = ByteBuffer.wrap(body.bytes(), start, size).slice();
    int next = 0;
    while (next <= size - Long.BYTES && (data.getLong(next) & NOT_BOOL) == 0) {
      next += Long.BYTES;
    }
    for (; next < size; next++) {
      int value = Byte.toUnsignedInt(data.get(next));
      if (value > 1) {
        throw wrong(spec, "is BOOL, expected bytes of 0 and 1, got " + value + " at byte " + next);
      }
    }
  }

  private static InferenceException wrong(TensorSpec spec, String what) {
    return InferenceException.invalid("input '" + spec.name() + "' " + what);
  }
}
