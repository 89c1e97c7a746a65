package dev.skiff.image.prune;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Reads and writes unsigned integers, little endian, at any alignment. */
final class LittleEndian {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  static int u16(MemorySegment bytes, long at) {
    return Short.toUnsignedInt(bytes.get(SHORT, at));
  }

  static long u32(MemorySegment bytes, long at) {
    return Integer.toUnsignedLong(bytes.get(INT, at));
  }

  /** As a signed long: what is beyond its range is beyond any file, too. */
  static long u64(MemorySegment bytes, long at) {
    return bytes.get(LONG, at);
  }

  static void u32(MemorySegment bytes, long at, long value) {
    bytes.set(INT, at, (int) value);
  }

  static void u64(MemorySegment bytes, long at, long value) {
    bytes.set(LONG, at, value);
  }
}
