package dev.skiff.image.prune;

import java.lang.foreign.MemorySegment;

/** Fuzzes LZ4 blocks: they fill their target, or are refused as damaged. */
public final class Lz4Fuzz {
  private Lz4Fuzz() {}

  /** A byte for the size of the target, then the block. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length > 0) {
      MemorySegment target = MemorySegment.ofArray(new byte[Byte.toUnsignedInt(input[0])]);
      try {
        Lz4.decompress(MemorySegment.ofArray(input).asSlice(1), target);
      } catch (IndexOutOfBoundsException e) {
        // It is damaged.
      }
    }
  }
}
