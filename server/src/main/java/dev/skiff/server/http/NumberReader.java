package dev.skiff.server.http;

import dev.skiff.server.inference.Datatype;
import java.nio.ByteBuffer;

/**
 * Reads the numbers of a JSON array from the bytes of a text straight into a tensor's memory. It
 * takes what its {@link NumberScanner} is sure of and stops before everything else, whether that is
 * a rare number, another token or an error; what it leaves, Jackson reads or refuses.
 */
final class NumberReader {
  private final NumberScanner scanner;

  /** Behind the last number that was taken. */
  private int end;

  private boolean first;

  /**
   * A reader of a text.
   *
   * @param limit where the text ends; the array may go on
   */
  NumberReader(byte[] bytes, int limit) {
    this.scanner = new NumberScanner(bytes, limit);
  }

  /**
   * Reads numbers of an array for as long as it is sure of them and the buffer has room, and puts
   * them at the buffer's position.
   *
   * @param start behind the array's bracket or its last element
   * @param isFirst whether the array has no elements yet
   * @return how many; the last one ends at {@link #end}
   */
  int read(int start, boolean isFirst, Datatype datatype, ByteBuffer data) {
    end = start;
    first = isFirst;
    int before = data.position();
    switch (datatype) {
      case FP32 -> floats(data);
      case FP64 -> doubles(data);
      case INT8 -> integers(data, Byte.BYTES, Byte.MIN_VALUE, Byte.MAX_VALUE);
      case INT16 -> integers(data, Short.BYTES, Short.MIN_VALUE, Short.MAX_VALUE);
      case INT32 -> integers(data, Integer.BYTES, Integer.MIN_VALUE, Integer.MAX_VALUE);
      case INT64 -> integers(data, Long.BYTES, Long.MIN_VALUE, Long.MAX_VALUE);
      case UINT8 -> integers(data, Byte.BYTES, 0, 0xFF);
      case UINT16 -> integers(data, Short.BYTES, 0, 0xFFFF);
      case UINT32 -> integers(data, Integer.BYTES, 0, 0xFFFF_FFFFL);
      case UINT64 -> integers(data, Long.BYTES, 0, Long.MAX_VALUE);
      case BOOL, FP16, BF16, BYTES -> {
        return 0;
      }
    }
    return (data.position() - before) / datatype.byteSize();
  }

  /** Behind the last number that was read. */
  int end() {
    return end;
  }

  private void floats(ByteBuffer data) {
    int at = data.position();
    for (; at <= data.limit() - Float.BYTES && scanner.scanReal(element()); at += Float.BYTES) {
      float value = scanner.nearestFloat();
      if (Float.isNaN(value)) {
        break;
      }
      data.putFloat(at, value);
      take();
    }
    data.position(at);
  }

  private void doubles(ByteBuffer data) {
    int at = data.position();
    for (; at <= data.limit() - Double.BYTES && scanner.scanReal(element()); at += Double.BYTES) {
      double value = scanner.nearestDouble();
      if (Double.isNaN(value)) {
        break;
      }
      data.putDouble(at, value);
      take();
    }
    data.position(at);
  }

  private void integers(ByteBuffer data, int size, long minimum, long maximum) {
    int at = data.position();
    for (; at <= data.limit() - size && scanner.scanInteger(element()); at += size) {
      long value = scanner.integer();
      // That -0 is refused for some unsigned types is left to Jackson's way, too.
      if (value < minimum || value > maximum || (minimum == 0 && scanner.isNegative())) {
        break;
      }
      switch (size) {
        case Byte.BYTES -> data.put(at, (byte) value);
        case Short.BYTES -> data.putShort(at, (short) value);
        case Integer.BYTES -> data.putInt(at, (int) value);
        default -> data.putLong(at, value);
      }
      take();
    }
    data.position(at);
  }

  private void take() {
    end = scanner.end();
    first = false;
  }

  /** Where the next element begins; negative if there is none. */
  private int element() {
    int at = scanner.skipSpace(end);
    if (first) {
      return at;
    }
    return scanner.peek(at) == ',' ? scanner.skipSpace(at + 1) : -1;
  }
}
