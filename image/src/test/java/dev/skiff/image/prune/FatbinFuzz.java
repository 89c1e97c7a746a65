package dev.skiff.image.prune;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Fuzzes sections of fat binaries and the code in them: read, or refused as damaged. */
public final class FatbinFuzz {
  private FatbinFuzz() {}

  /** The section. */
  public static void fuzzerTestOneInput(byte[] input) {
    try (var arena = Arena.ofConfined()) {
      // Not on the heap, as a file that is mapped is not.
      MemorySegment section = arena.allocate(input.length).copyFrom(MemorySegment.ofArray(input));
      for (Fatbin fatbin : Fatbin.readAll(section)) {
        long at = fatbin.offset() + Fatbin.HEADER_BYTES;
        for (Fatbin.Entry entry : fatbin.entries()) {
          if (entry.offset() != at) {
            throw new AssertionError("an entry at " + entry.offset() + ", expected at " + at);
          }
          at += entry.size();
          decompress(section.asSlice(entry.offset(), entry.size()));
        }
      }
    } catch (Refusal | IndexOutOfBoundsException e) {
      // As Provider has it: the file is damaged.
    }
  }

  private static void decompress(MemorySegment entry) {
    try (var arena = Arena.ofConfined()) {
      Compression.decompress(entry, arena);
    } catch (Refusal e) {
      // It is damaged, others need not be.
    }
  }
}
