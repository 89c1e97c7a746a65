package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Collects the elements of a tensor from JSON values, as many as come, and turns them into a tensor
 * when their number is known. Those of a fixed size go straight into a tensor of the shape that is
 * expected; only where that proves wrong are they copied into another one.
 */
final class ElementBuffer implements AutoCloseable {
  private static final int FIRST_BYTES = 1024;

  private final Datatype datatype;
  private final TensorPool pool;

  /** Whose memory {@link #data} is; none once it was given away, and none for BYTES. */
  private @Nullable Tensor memory;

  private ByteBuffer data;
  private long texts;

  /**
   * An empty buffer.
   *
   * @param expected the shape that the tensor will probably have
   */
  ElementBuffer(Datatype datatype, TensorPool pool, @Nullable Shape expected) {
    if (datatype == Datatype.FP16 || datatype == Datatype.BF16) {
      throw InferenceException.invalid(
          datatype + " has no JSON form; send it as binary tensor data");
    }
    this.datatype = datatype;
    this.pool = pool;
    if (datatype == Datatype.BYTES) {
      data = ByteBuffer.allocate(FIRST_BYTES).order(ByteOrder.nativeOrder());
    } else {
      memory = expected == null ? scratch(FIRST_BYTES) : pool.acquire(datatype, expected);
      data = view(memory);
    }
  }

  long elements() {
    return datatype == Datatype.BYTES ? texts : data.position() / datatype.byteSize();
  }

  /**
   * Adds the next numbers of the array that the parser is in, as many as it can read at once and as
   * have room.
   */
  int addNumbers(TensorParser json) {
    return json.readNumbers(datatype, data);
  }

  /**
   * Adds the value that the parser stands on.
   *
   * @throws InferenceException INVALID_ARGUMENT if it is no value of the datatype
   */
  void add(TensorParser json) throws IOException {
    switch (datatype) {
      case FP32 -> room(Float.BYTES).putFloat(real32(json));
      case FP64 -> room(Double.BYTES).putDouble(real64(json));
      case INT64 -> room(Long.BYTES).putLong(integer(json, Long.MIN_VALUE, Long.MAX_VALUE));
      case INT32 ->
          room(Integer.BYTES).putInt((int) integer(json, Integer.MIN_VALUE, Integer.MAX_VALUE));
      case INT16 ->
          room(Short.BYTES).putShort((short) integer(json, Short.MIN_VALUE, Short.MAX_VALUE));
      case INT8 -> room(1).put((byte) integer(json, Byte.MIN_VALUE, Byte.MAX_VALUE));
      case UINT8 -> room(1).put((byte) integer(json, 0, 0xFF));
      case UINT16 -> room(Short.BYTES).putShort((short) integer(json, 0, 0xFFFF));
      case UINT32 -> room(Integer.BYTES).putInt((int) integer(json, 0, 0xFFFF_FFFFL));
      case UINT64 -> room(Long.BYTES).putLong(unsigned(json));
      case BOOL -> room(1).put(truth(json));
      case BYTES -> text(json);
      case FP16, BF16 -> throw new AssertionError("refused at the start");
    }
  }

  /** A tensor with all that was collected; the shape has as many elements. */
  Tensor tensor(Shape shape) {
    data.flip();
    Tensor source = memory;
    if (source == null) {
      return Tensor.ofBytes(shape, data);
    }
    if (source.datatype() == datatype && source.shape().equals(shape)) {
      memory = null;
      return source;
    }
    Tensor tensor = pool.acquire(datatype, shape);
    tensor.data().put(0, data, 0, data.limit());
    return tensor;
  }

  @Override
  public void close() {
    if (memory != null) {
      memory.close();
      memory = null;
    }
  }

  private ByteBuffer room(int bytes) {
    if (data.remaining() < bytes) {
      grow(Math.addExact(data.position(), bytes));
    }
    return data;
  }

  /** Moves to a buffer of the next power of two bytes, so that the pool sees but a few sizes. */
  private void grow(int needed) {
    long larger = Math.max(FIRST_BYTES, 2L * Integer.highestOneBit(needed));
    int bytes = (int) Math.min(Integer.MAX_VALUE - 16L, larger);
    if (datatype == Datatype.BYTES) {
      data = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder()).put(data.flip());
      return;
    }
    Tensor moved = scratch(bytes);
    data = view(moved).put(data.flip());
    close();
    memory = moved;
  }

  private Tensor scratch(int bytes) {
    return pool.acquire(Datatype.UINT8, Shape.of(bytes));
  }

  private static ByteBuffer view(Tensor tensor) {
    return tensor.data().duplicate().order(ByteOrder.nativeOrder());
  }

  private float real32(JsonParser json) throws IOException {
    number(json);
    float value = json.getFloatValue();
    if (Float.isInfinite(value)) {
      throw outOfRange(json);
    }
    return value == 0 && isNegativeZero(json) ? -0.0f : value;
  }

  private double real64(JsonParser json) throws IOException {
    number(json);
    double value = json.getDoubleValue();
    if (Double.isInfinite(value)) {
      throw outOfRange(json);
    }
    return value == 0 && isNegativeZero(json) ? -0.0 : value;
  }

  /** A whole number reaches Jackson's reals through an integer, which has no sign at 0. */
  private static boolean isNegativeZero(JsonParser json) throws IOException {
    return json.currentToken() == JsonToken.VALUE_NUMBER_INT && json.getText().startsWith("-");
  }

  private void number(JsonParser json) throws IOException {
    if (!json.currentToken().isNumeric()) {
      throw Json.unexpected(json, "a number for " + datatype);
    }
  }

  private long integer(JsonParser json, long minimum, long maximum) throws IOException {
    whole(json);
    if (json.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      throw outOfRange(json);
    }
    long value = json.getLongValue();
    if (value < minimum || value > maximum) {
      throw outOfRange(json);
    }
    return value;
  }

  private long unsigned(JsonParser json) throws IOException {
    whole(json);
    try {
      return Long.parseUnsignedLong(json.getText());
    } catch (NumberFormatException e) {
      throw outOfRange(json);
    }
  }

  private void whole(JsonParser json) throws IOException {
    if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw Json.unexpected(json, "a whole number for " + datatype);
    }
  }

  private byte truth(JsonParser json) throws IOException {
    return switch (json.currentToken()) {
      case VALUE_TRUE -> 1;
      case VALUE_FALSE -> 0;
      default -> throw Json.unexpected(json, "true or false for " + datatype);
    };
  }

  private void text(TensorParser json) throws IOException {
    if (json.currentToken() != JsonToken.VALUE_STRING) {
      throw Json.unexpected(json, "a string for " + datatype);
    }
    byte[] utf8 = Json.element(json).getBytes(StandardCharsets.UTF_8);
    room(Math.addExact(Integer.BYTES, utf8.length)).putInt(utf8.length).put(utf8);
    texts++;
  }

  private InferenceException outOfRange(JsonParser json) throws IOException {
    String text = json.getText();
    return InferenceException.invalid(
        "%s is out of the range of %s, at byte %d"
            .formatted(
                text.length() > 40 ? text.substring(0, 40) + "..." : text,
                datatype,
                Json.start(json)));
  }
}
