package dev.skiff.image.prune;

import static dev.skiff.image.prune.LittleEndian.u16;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Decompresses LZ4 blocks (github.com/lz4/lz4, doc/lz4_Block_format.md): literals and matches in
 * turns, each pair led by a token with both lengths.
 */
final class Lz4 {
  private static final int LONG_LENGTH = 15;
  private static final int SHORTEST_MATCH = 4;

  private final MemorySegment block;
  private long at;

  private Lz4(MemorySegment block) {
    this.block = block;
  }

  /**
   * Decompresses a block that fills the target.
   *
   * @throws IndexOutOfBoundsException if it is no such block
   */
  static void decompress(MemorySegment block, MemorySegment target) {
    new Lz4(block).decompress(target);
  }

  private void decompress(MemorySegment target) {
    long to = 0;
    while (true) {
      int token = next();
      long literals = length(token >> 4);
      MemorySegment.copy(block, at, target, to, literals);
      at += literals;
      to += literals;
      if (at == block.byteSize()) {
        break;
      }
      int distance = u16(block, at);
      at += 2;
      long match = length(token & LONG_LENGTH) + SHORTEST_MATCH;
      if (distance == 0) {
        throw new IndexOutOfBoundsException("a match of what is not there yet");
      }
      target.asSlice(to - distance, match + distance); // is in the target
      for (long end = to + match; to < end; ) {
        // A match may reach into what it makes.
        long step = Math.min(distance, end - to);
        MemorySegment.copy(target, to - distance, target, to, step);
        to += step;
      }
    }
    if (to != target.byteSize()) {
      throw new IndexOutOfBoundsException("the block is shorter than its target");
    }
  }

  private long length(int start) {
    long length = start;
    if (start == LONG_LENGTH) {
      int more;
      do {
        more = next();
        length += more;
      } while (more == 255);
    }
    return length;
  }

  private int next() {
    return Byte.toUnsignedInt(block.get(ValueLayout.JAVA_BYTE, at++));
  }
}
