package dev.skiff.image.prune;

import static dev.skiff.image.prune.LittleEndian.u16;
import static dev.skiff.image.prune.LittleEndian.u32;
import static dev.skiff.image.prune.LittleEndian.u64;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A fat binary: the same device code for several architectures, of which the driver chooses one.
 * NVIDIA does not document the format; CUDA's fatbinary_section.h and what its tools write tell as
 * much as is needed.
 *
 * @param offset of its header in the section
 * @param entries its code, in order
 */
record Fatbin(long offset, List<Entry> entries) {
  static final int HEADER_BYTES = 16;
  static final int SIZE_FIELD = 8;
  static final int ALIGNMENT = 8;

  private static final long MAGIC = 0xBA55ED50L;
  private static final int VERSION = 1;

  /** The flag of sm_90a and the like. */
  private static final long SPECIFIC = 0x100000;

  enum Kind {
    PTX,
    CUBIN
  }

  /**
   * Code for one architecture, with its header.
   *
   * @param offset in the section
   * @param size in bytes, with the header
   */
  record Entry(Kind kind, Architecture architecture, long offset, long size) {}

  /** Reads a section of fat binaries, which has to hold nothing else. */
  static List<Fatbin> readAll(MemorySegment section) {
    List<Fatbin> fatbins = new ArrayList<>();
    long at = 0;
    while (at < section.byteSize()) {
      if (u32(section, at) != MAGIC
          || u16(section, at + 4) != VERSION
          || u16(section, at + 6) != HEADER_BYTES) {
        throw new Refusal("has something else than a fat binary in it at " + at);
      }
      long size = u64(section, at + SIZE_FIELD);
      MemorySegment entries = section.asSlice(at + HEADER_BYTES, size);
      fatbins.add(new Fatbin(at, readEntries(entries, at + HEADER_BYTES)));
      at = Pages.up(at + HEADER_BYTES + size, ALIGNMENT);
    }
    return fatbins;
  }

  private static List<Entry> readEntries(MemorySegment entries, long start) {
    List<Entry> read = new ArrayList<>();
    long at = 0;
    while (at < entries.byteSize()) {
      Kind kind =
          switch (u16(entries, at)) {
            case 1 -> Kind.PTX;
            case 2 -> Kind.CUBIN;
            default -> throw new Refusal("has a fat binary with code of an unknown kind");
          };
      long header = u32(entries, at + 4);
      long size = header + u64(entries, at + 8);
      if (header < 64 || size % ALIGNMENT != 0) {
        throw new Refusal("has a fat binary with code of an unknown layout");
      }
      entries.asSlice(at, size); // is in the fat binary
      boolean specific = (u64(entries, at + 40) & SPECIFIC) != 0;
      var architecture = new Architecture((int) u32(entries, at + 28), specific);
      read.add(new Entry(kind, architecture, start + at, size));
      at += size;
    }
    return read;
  }
}
