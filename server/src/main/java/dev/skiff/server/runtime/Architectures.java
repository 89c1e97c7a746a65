package dev.skiff.server.runtime;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The GPU architectures that a shared object has code for: the entries of the fat binaries in its
 * section {@code .nv_fatbin}. Their form is NVIDIA's own and not published; this reads as much of
 * it as has been seen in ONNX Runtime's CUDA provider.
 *
 * @param all of them, in order
 */
record Architectures(SortedSet<Architecture> all) {
  private static final String SECTION = ".nv_fatbin";
  private static final int ELF = 0x464C457F;
  private static final int CONTAINER = 0xBA55ED50;
  private static final int CONTAINER_HEADER = 16;
  private static final int ENTRY_HEADER = 64;

  /** The flag of sm_90a and the like. */
  private static final long SPECIFIC = 0x100000;

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  Architectures {
    all = Collections.unmodifiableSortedSet(new TreeSet<>(all));
  }

  /** Whether a device of this compute capability, 90 for 9.0, can run any of the code. */
  boolean serve(int capability) {
    return all.stream().anyMatch(architecture -> architecture.serves(capability));
  }

  @Override
  public String toString() {
    return all.stream().map(Architecture::toString).collect(Collectors.joining(", "));
  }

  /** Those of ONNX Runtime's CUDA provider; nothing where that cannot be read. */
  static Optional<Architectures> ofProvider() {
    @Nullable String natives = System.getProperty("onnxruntime.native.path");
    if (natives == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(in(Path.of(natives, "libonnxruntime_providers_cuda.so")));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Reads those of a library.
   *
   * @throws IOException if the file is no 64-bit ELF, or has fat binaries of another form
   */
  static Architectures in(Path library) throws IOException {
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

  private static Architectures in(MemorySegment section) throws IOException {
    SortedSet<Architecture> found = new TreeSet<>();
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
        boolean specific = (section.get(LONG, entry + 40) & SPECIFIC) != 0;
        found.add(new Architecture(section.get(INT, entry + 28), specific));
        entry += section.get(INT, entry + 4) + section.get(LONG, entry + 8);
      }
      at = end;
    }
    return new Architectures(found);
  }
}
