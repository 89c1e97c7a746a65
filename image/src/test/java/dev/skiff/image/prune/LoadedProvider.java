package dev.skiff.image.prune;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A library in memory, as a dynamic loader would put it there; written without the code under test.
 */
final class LoadedProvider {
  private final ByteBuffer memory = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
  private final boolean[] mapped = new boolean[1 << 20];
  private final ByteBuffer file;
  private final Map<String, Range> sections = new TreeMap<>();

  private record Range(int address, int size) {}

  LoadedProvider(byte[] bytes) {
    file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int index = 0; index < file.getShort(56); index++) {
      int header = 64 + 56 * index;
      if (file.getInt(header) == 1) {
        map(
            (int) file.getLong(header + 8),
            (int) file.getLong(header + 16),
            (int) file.getLong(header + 32));
      }
    }
    int table = (int) file.getLong(40);
    int names = (int) file.getLong(table + 64 * file.getShort(62) + 24);
    for (int index = 1; index < file.getShort(60); index++) {
      int header = table + 64 * index;
      sections.put(
          text(file, names + file.getInt(header)),
          new Range((int) file.getLong(header + 16), (int) file.getLong(header + 32)));
    }
    Range relocations = section(".rela.dyn");
    for (int at = relocations.address(); at < end(relocations); at += 24) {
      if (memory.getLong(at + 8) == 8) {
        memory.putLong((int) memory.getLong(at), memory.getLong(at + 16));
      }
    }
  }

  private void map(int offset, int address, int size) {
    // Whole pages, as the kernel does; what lies behind the file's end reads as zero.
    int start = address & -ProviderFile.PAGE;
    int skew = address - start;
    int end = address + size;
    for (int at = start; at < end; at++) {
      if (mapped[at]) {
        throw new IllegalStateException("two segments share a page");
      }
    }
    for (int at = start; at < ((end + ProviderFile.PAGE - 1) & -ProviderFile.PAGE); at++) {
      int from = offset - skew + at - start;
      memory.put(at, from < file.limit() ? file.get(from) : 0);
      mapped[at] = true;
    }
  }

  /** The bytes of a loaded section. */
  byte[] bytes(String name) {
    Range range = section(name);
    byte[] bytes = new byte[range.size()];
    for (int index = 0; index < bytes.length; index++) {
      if (!mapped[range.address() + index]) {
        throw new IllegalStateException(name + " is not mapped");
      }
      bytes[index] = memory.get(range.address() + index);
    }
    return bytes;
  }

  int address(String name) {
    return section(name).address();
  }

  /** What the CUDA runtime is given: for each wrapper, the code behind its pointer. */
  List<List<ByteBuffer>> registered() {
    List<List<ByteBuffer>> registered = new ArrayList<>();
    Range wrappers = section(".nvFatBinSegment");
    for (int at = wrappers.address(); at < end(wrappers); at += 24) {
      registered.add(entries((int) memory.getLong(at + 8)));
    }
    return registered;
  }

  private List<ByteBuffer> entries(int fatbin) {
    if (memory.getInt(fatbin) != 0xBA55ED50) {
      throw new IllegalStateException("no fat binary at " + fatbin);
    }
    List<ByteBuffer> entries = new ArrayList<>();
    int end = fatbin + 16 + (int) memory.getLong(fatbin + 8);
    for (int at = fatbin + 16; at < end; ) {
      int size = memory.getInt(at + 4) + (int) memory.getLong(at + 8);
      entries.add(memory.slice(at, size).order(ByteOrder.LITTLE_ENDIAN));
      at += size;
    }
    return entries;
  }

  /** The names of the needed libraries. */
  List<String> needed() {
    List<String> needed = new ArrayList<>();
    for (int at = address(".dynamic"); memory.getLong(at) != 0; at += 16) {
      if (memory.getLong(at) == 1) {
        needed.add(text(memory, address(".dynstr") + (int) memory.getLong(at + 8)));
      }
    }
    return needed;
  }

  private Range section(String name) {
    Range range = sections.get(name);
    if (range == null) {
      throw new IllegalStateException("no section " + name);
    }
    return range;
  }

  private static int end(Range range) {
    return range.address() + range.size();
  }

  private static String text(ByteBuffer bytes, int at) {
    StringBuilder text = new StringBuilder();
    for (int index = at; bytes.get(index) != 0; index++) {
      text.append((char) bytes.get(index));
    }
    return text.toString();
  }
}
