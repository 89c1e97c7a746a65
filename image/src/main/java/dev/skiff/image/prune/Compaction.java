package dev.skiff.image.prune;

import dev.skiff.image.prune.Elf.Section;
import dev.skiff.image.prune.Elf.Segment;
import dev.skiff.image.prune.Provider.Module;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;

/**
 * A provider with less code, and nothing at another address.
 *
 * <p>What stays of each fat binary is packed at the start of the section, an empty one as its bare
 * header, and each wrapper's pointer follows its fat binary. Machine code refers to what comes
 * behind the section by address, so that stays where it is in memory: of the file, the whole pages
 * in between are cut, and the segment that loaded all of this becomes two, with a hole.
 */
final class Compaction {
  private static final int SECTION_TABLE_FIELD = 40;

  private final Provider provider;
  private final Elf elf;
  private final Section code;
  private final Segment load;

  /** Of each fat binary the entries that stay, as they are to be written. */
  private final List<List<MemorySegment>> kept;

  /** Offsets in the file: the end of the packed code, the start of what comes behind the code. */
  private final long packedEnd;

  private final long next;

  /** Offsets in the file, of pages: what goes lies between. */
  private final long cutFrom;

  private final long cutTo;

  /**
   * Lays it out.
   *
   * @param encoding gives for each entry the bytes to write; called from several threads
   * @throws Refusal if the file has no room for what that takes
   */
  Compaction(
      Provider provider, Architectures architectures, UnaryOperator<MemorySegment> encoding) {
    this.provider = provider;
    this.elf = provider.elf();
    this.code = provider.code();
    this.load = elf.load(code);
    if (load.memorySize() != load.fileSize()) {
      throw new Refusal("has .nv_fatbin in a segment with room for variables");
    }
    this.next = next();
    this.kept =
        provider.modules().parallelStream()
            .map(module -> keep(module, architectures, encoding))
            .toList();
    this.packedEnd = code.offset() + kept.stream().mapToLong(Compaction::size).sum();
    this.cutFrom = Pages.up(packedEnd, load.alignment());
    this.cutTo = Math.max(cutFrom, Pages.down(next, load.alignment()));
    if (splits()) {
      checkSpareSegment();
    }
  }

  /** Writes the file, from the channel's start on. */
  void write(FileChannel out) throws IOException {
    MemorySegment file = elf.file();
    append(out, file.asSlice(0, code.offset()));
    for (int index = 0; index < kept.size(); index++) {
      long start = code.offset() + provider.modules().get(index).fatbin().offset();
      MemorySegment header = MemorySegment.ofArray(new byte[Fatbin.HEADER_BYTES]);
      header.copyFrom(file.asSlice(start, Fatbin.HEADER_BYTES));
      long size = size(kept.get(index)) - Fatbin.HEADER_BYTES;
      LittleEndian.u64(header, Fatbin.SIZE_FIELD, size);
      append(out, header);
      for (MemorySegment entry : kept.get(index)) {
        append(out, entry);
      }
    }
    // Zeros, in the rest of the page where the code ends and in that where the next thing starts.
    append(out, MemorySegment.ofArray(new byte[(int) (moved(next) - packedEnd)]));
    append(out, file.asSlice(next));
    patch(out);
  }

  private List<MemorySegment> keep(
      Module module, Architectures architectures, UnaryOperator<MemorySegment> encoding) {
    MemorySegment section = elf.bytes(code);
    return architectures.keep(module.fatbin()).stream()
        .map(entry -> encoding.apply(section.asSlice(entry.offset(), entry.size())))
        .toList();
  }

  private static long size(List<MemorySegment> entries) {
    return Fatbin.HEADER_BYTES + entries.stream().mapToLong(MemorySegment::byteSize).sum();
  }

  private void patch(FileChannel out) throws IOException {
    put(out, SECTION_TABLE_FIELD, moved(elf.sectionTable()));
    for (Section section : elf.sections()) {
      put(out, moved(section.header()) + Section.OFFSET_FIELD, moved(section.offset()));
    }
    put(out, moved(code.header()) + Section.SIZE_FIELD, packedEnd - code.offset());
    ByteBuffer table =
        ByteBuffer.allocate(elf.segments().size() * Elf.SEGMENT_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    segments().forEach(segment -> segment.write(table));
    put(out, elf.segmentTable(), table.flip());
    long address = code.address();
    for (int index = 0; index < kept.size(); index++) {
      Module module = provider.modules().get(index);
      if (LittleEndian.u64(elf.file(), module.pointer()) != 0) {
        put(out, moved(module.pointer()), address);
      }
      put(out, moved(module.addend()), address);
      address += size(kept.get(index));
    }
    long dynamic = moved(provider.dynamic().section().offset());
    put(out, dynamic, ByteBuffer.wrap(provider.dynamic().withoutUnneeded()));
  }

  private List<Segment> segments() {
    List<Segment> segments = new ArrayList<>();
    for (Segment segment : elf.segments()) {
      if (segment.equals(load) && !sharesSegment()) {
        segments.add(segment.part(segment.offset(), packedEnd));
      } else if (segment.equals(load) && splits()) {
        segments.add(segment.part(segment.offset(), packedEnd));
        segments.add(segment.part(cutTo, segment.fileEnd()).shifted(cutFrom - cutTo));
      } else if (segment.type() != Elf.PT_GNU_PROPERTY || !splits()) {
        segments.add(segment.shifted(moved(segment.offset()) - segment.offset()));
      }
    }
    return segments;
  }

  /** Whether something comes behind the code in the same segment; not so once that was split. */
  private boolean sharesSegment() {
    return next < load.fileEnd();
  }

  private boolean splits() {
    return sharesSegment() && cutTo > cutFrom;
  }

  /**
   * There is no room for one more segment, but the loader reads the same bytes as a note where
   * PT_GNU_PROPERTY is missing.
   */
  private void checkSpareSegment() {
    List<Segment> properties = ofType(Elf.PT_GNU_PROPERTY);
    if (properties.size() != 1) {
      throw new Refusal("has no single GNU property, whose segment could be spared");
    }
    Segment property = properties.getFirst();
    if (ofType(Elf.PT_NOTE).stream()
        .noneMatch(
            note -> note.offset() == property.offset() && note.fileSize() == property.fileSize())) {
      throw new Refusal("has its GNU property in no note, so its segment cannot be spared");
    }
  }

  private List<Segment> ofType(int type) {
    return elf.segments().stream().filter(segment -> segment.type() == type).toList();
  }

  /** Where in the file the first thing behind the code is. */
  private long next() {
    LongStream.Builder starts =
        LongStream.builder().add(elf.file().byteSize()).add(elf.sectionTable());
    for (Section section : elf.sections()) {
      if (section.inFile() && !section.equals(code)) {
        starts.add(section.offset());
      }
    }
    for (Segment segment : elf.segments()) {
      if (segment.fileSize() > 0 && !segment.equals(load)) {
        if (segment.offset() < code.offset() + code.size() && segment.fileEnd() > code.offset()) {
          throw new Refusal("has another segment where .nv_fatbin lies");
        }
        starts.add(segment.offset());
      }
    }
    if (elf.segmentTable() > code.offset()) {
      throw new Refusal("has its segments' headers behind .nv_fatbin");
    }
    return starts.build().filter(start -> start >= code.offset()).min().orElseThrow();
  }

  private long moved(long offset) {
    return offset >= cutTo ? offset - (cutTo - cutFrom) : offset;
  }

  private static void append(FileChannel out, MemorySegment bytes) throws IOException {
    ByteBuffer buffer = bytes.asByteBuffer();
    while (buffer.hasRemaining()) {
      out.write(buffer);
    }
  }

  private static void put(FileChannel out, long at, long value) throws IOException {
    put(
        out,
        at,
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).flip());
  }

  private static void put(FileChannel out, long at, ByteBuffer bytes) throws IOException {
    for (long position = at; bytes.hasRemaining(); ) {
      position += out.write(bytes, position);
    }
  }
}
