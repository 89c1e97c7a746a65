package dev.skiff.image.prune;

import static dev.skiff.image.prune.LittleEndian.u16;
import static dev.skiff.image.prune.LittleEndian.u32;
import static dev.skiff.image.prune.LittleEndian.u64;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A shared library for x86-64: its segments, which the loader maps, and its sections. Reading one
 * checks that they are consistent: loaded segments ascend and share no page, and every section lies
 * where its segment puts it. The layout is that of the System V ABI, chapters 4 and 5.
 */
final class Elf {
  static final int PT_LOAD = 1;
  static final int PT_DYNAMIC = 2;
  static final int PT_NOTE = 4;
  static final int PT_GNU_PROPERTY = 0x6474e553;
  static final int SEGMENT_BYTES = 56;

  private static final int HEADER_BYTES = 64;
  private static final int SECTION_BYTES = 64;
  private static final long SMALLEST_PAGE = 0x1000;
  private static final int NONE = 0;
  private static final int NOBITS = 8;
  private static final int ALLOCATED = 2;
  private static final byte[] SHARED_LIBRARY_64_LITTLE_ENDIAN = {0x7f, 'E', 'L', 'F', 2, 1, 1};

  /** A program header. Sizes, offsets and addresses in bytes. */
  record Segment(
      int type,
      int flags,
      long offset,
      long address,
      long physicalAddress,
      long fileSize,
      long memorySize,
      long alignment) {
    long fileEnd() {
      return offset + fileSize;
    }

    void write(ByteBuffer table) {
      table.putInt(type).putInt(flags).putLong(offset).putLong(address).putLong(physicalAddress);
      table.putLong(fileSize).putLong(memorySize).putLong(alignment);
    }

    Segment shifted(long by) {
      return new Segment(
          type, flags, offset + by, address, physicalAddress, fileSize, memorySize, alignment);
    }

    /** The bytes from one offset of the file to another, which both lie in this segment. */
    Segment part(long from, long to) {
      long skipped = from - offset;
      return new Segment(
          type,
          flags,
          from,
          address + skipped,
          physicalAddress + skipped,
          to - from,
          to - from,
          alignment);
    }
  }

  /**
   * A section header.
   *
   * @param header the offset of the header itself
   */
  record Section(
      long header,
      String name,
      int type,
      long flags,
      long address,
      long offset,
      long size,
      int link) {
    /** Where these are in the header. */
    static final int OFFSET_FIELD = 24;

    static final int SIZE_FIELD = 32;

    boolean inFile() {
      return type != NONE && type != NOBITS && size > 0;
    }

    boolean isLoaded() {
      return (flags & ALLOCATED) != 0 && inFile();
    }

    boolean holds(long someAddress) {
      return someAddress >= address && someAddress < address + size;
    }
  }

  private final MemorySegment file;
  private final List<Segment> segments = new ArrayList<>();
  private final List<Section> sections = new ArrayList<>();

  /**
   * Reads the headers.
   *
   * @throws Refusal if this is no such library, or an inconsistent one
   * @throws IndexOutOfBoundsException if something lies outside the file
   */
  Elf(MemorySegment file) {
    this.file = file;
    byte[] identification = SHARED_LIBRARY_64_LITTLE_ENDIAN;
    if (file.byteSize() < HEADER_BYTES
        || file.asSlice(0, identification.length).mismatch(MemorySegment.ofArray(identification))
            >= 0
        || u16(file, 16) != 3
        || u16(file, 18) != 62
        || u16(file, 54) != SEGMENT_BYTES
        || u16(file, 58) != SECTION_BYTES) {
      throw new Refusal("is not a shared library for x86-64");
    }
    for (int index = 0; index < u16(file, 56); index++) {
      segments.add(readSegment(segmentTable() + (long) index * SEGMENT_BYTES));
    }
    long names = u64(file, sectionTable() + (long) u16(file, 62) * SECTION_BYTES + 24);
    for (int index = 0; index < u16(file, 60); index++) {
      sections.add(readSection(sectionTable() + (long) index * SECTION_BYTES, names));
    }
    checkLoads();
    checkApart();
    sections.stream().filter(Section::isLoaded).forEach(this::load);
  }

  MemorySegment file() {
    return file;
  }

  long segmentTable() {
    return u64(file, 32);
  }

  long sectionTable() {
    return u64(file, 40);
  }

  List<Segment> segments() {
    return List.copyOf(segments);
  }

  List<Section> sections() {
    return List.copyOf(sections);
  }

  Optional<Section> find(String name) {
    return sections.stream().filter(section -> section.name().equals(name)).findFirst();
  }

  Section section(String name) {
    return find(name).orElseThrow(() -> new Refusal("has no section " + name));
  }

  /** The bytes of a section that is in the file. */
  MemorySegment bytes(Section section) {
    return file.asSlice(section.offset(), section.size());
  }

  /** The section that another one names strings, symbols or the like from. */
  Section linked(Section section) {
    return sections.get(section.link());
  }

  /** A string that lies in such a section. */
  String string(Section strings, long at) {
    return bytes(strings).getString(at, StandardCharsets.UTF_8);
  }

  /** The loaded segment that a section is in. */
  Segment load(Section section) {
    return segments.stream()
        .filter(segment -> segment.type() == PT_LOAD)
        .filter(
            segment ->
                section.offset() >= segment.offset()
                    && section.offset() + section.size() <= segment.fileEnd()
                    && section.offset() - segment.offset() == section.address() - segment.address())
        .findFirst()
        .orElseThrow(
            () -> new Refusal("has section " + section.name() + " where no segment loads it"));
  }

  private Segment readSegment(long at) {
    Segment segment =
        new Segment(
            (int) u32(file, at),
            (int) u32(file, at + 4),
            u64(file, at + 8),
            u64(file, at + 16),
            u64(file, at + 24),
            u64(file, at + 32),
            u64(file, at + 40),
            u64(file, at + 48));
    file.asSlice(segment.offset(), segment.fileSize()); // is in the file
    return segment;
  }

  private Section readSection(long at, long names) {
    Section section =
        new Section(
            at,
            text(names + u32(file, at)),
            (int) u32(file, at + 4),
            u64(file, at + 8),
            u64(file, at + 16),
            u64(file, at + Section.OFFSET_FIELD),
            u64(file, at + Section.SIZE_FIELD),
            (int) u32(file, at + 40));
    if (section.inFile()) {
      bytes(section); // is in the file
    }
    return section;
  }

  private void checkLoads() {
    long freePage = 0;
    for (Segment segment : segments) {
      if (segment.type() == PT_LOAD) {
        long page = segment.alignment();
        if (page < SMALLEST_PAGE
            || Long.bitCount(page) != 1
            || (segment.address() - segment.offset()) % page != 0
            || segment.fileSize() > segment.memorySize()
            || Pages.down(segment.address(), page) < freePage) {
          throw new Refusal("has segments that overlap or are out of order");
        }
        freePage = Pages.up(segment.address() + segment.memorySize(), page);
      }
    }
  }

  /** Headers and sections share no byte of the file. */
  private void checkApart() {
    record Range(long start, long end) {}
    List<Range> ranges = new ArrayList<>();
    ranges.add(new Range(0, HEADER_BYTES));
    ranges.add(new Range(segmentTable(), segmentTable() + (long) segments.size() * SEGMENT_BYTES));
    ranges.add(new Range(sectionTable(), sectionTable() + (long) sections.size() * SECTION_BYTES));
    for (Section section : sections) {
      if (section.inFile()) {
        ranges.add(new Range(section.offset(), section.offset() + section.size()));
      }
    }
    ranges.sort(Comparator.comparingLong(Range::start));
    for (int index = 1; index < ranges.size(); index++) {
      if (ranges.get(index).start() < ranges.get(index - 1).end()) {
        throw new Refusal("has sections or headers that overlap");
      }
    }
  }

  private String text(long at) {
    return file.getString(at, StandardCharsets.UTF_8);
  }
}
