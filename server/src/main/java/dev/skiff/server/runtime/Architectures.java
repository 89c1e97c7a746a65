package dev.skiff.server.runtime;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The GPU architectures that a shared object has code for: the entries of the fat binaries in its
 * section {@code .nv_fatbin}. Their form is NVIDIA's own and not published; this reads as much of
 * it as has been seen in ONNX Runtime's CUDA provider.
 */
final class Architectures {
  private static final String SECTION = ".nv_fatbin";
  private static final int ELF = 0x464C457F;
  private static final int CONTAINER = 0xBA55ED50;
  private static final int CONTAINER_HEADER = 16;
  private static final int ENTRY_HEADER = 64;

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private Architectures() {}

  /**
   * Reads them, 90 for sm_90.
   *
   * @throws IOException if the file is no 64-bit ELF, or has fat binaries of another form
   */
  static SortedSet<Integer> in(Path library) throws IOException {
    try (FileChannel file = FileChannel.open(library);
        Arena arena = Arena.ofConfined()) {
      MemorySegment whole = file.map(MapMode.READ_ONLY, 0, file.size(), arena);
      return in(section(whole));
    } catch (IndexOutOfBoundsException e) {
      throw new IOException("it ends too early", e);
    }
  }

  private static MemorySegment section(MemorySegment elf) throws IOException {
    if (elf.get(INT, 0) != ELF) {
      throw new IOException("it is no ELF file");
    }
    long headers = elf.get(LONG, 0x28);
    int size = elf.get(SHORT, 0x3A);
    int count = elf.get(SHORT, 0x3C);
    long names = elf.get(LONG, headers + (long) size * elf.get(SHORT, 0x3E) + 0x18);
    for (int i = 0; i < count; i++) {
      MemorySegment header = elf.asSlice(headers + (long) size * i, size);
      if (elf.getString(names + header.get(INT, 0)).equals(SECTION)) {
        return elf.asSlice(header.get(LONG, 0x18), header.get(LONG, 0x20));
      }
    }
    throw new IOException("it has no GPU code");
  }

  private static SortedSet<Integer> in(MemorySegment section) throws IOException {
    SortedSet<Integer> found = new TreeSet<>();
    long at = 0;
    while (at + CONTAINER_HEADER <= section.byteSize()) {
      int magic = section.get(INT, at);
      if (magic == 0) {
        at += 8; // what aligns the next one
        continue;
      }
      if (magic != CONTAINER) {
        throw new IOException("its GPU code has a form that is not known here");
      }
      long start = at + CONTAINER_HEADER;
      long end = start + section.get(LONG, at + 8);
      for (long entry = start; entry + ENTRY_HEADER <= end; ) {
        found.add(section.get(INT, entry + 28));
        entry += section.get(INT, entry + 4) + section.get(LONG, entry + 8);
      }
      at = end;
    }
    return found;
  }
}
