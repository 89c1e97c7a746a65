package dev.skiff.image.prune;

import static dev.skiff.image.prune.LittleEndian.u16;
import static dev.skiff.image.prune.LittleEndian.u32;
import static dev.skiff.image.prune.LittleEndian.u64;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** What a shared library tells the dynamic loader: its name, and which libraries it needs. */
final class Dynamic {
  private static final int ENTRY_BYTES = 16;
  private static final long NULL = 0;
  private static final long NEEDED = 1;
  private static final long SONAME = 14;
  private static final long RELR = 36;
  private static final int SYMBOL_BYTES = 24;
  private static final int BASE_VERSION = 1;

  /** Libraries that the linker was told of, and whose functions start with these names. */
  private static final Predicate<String> REMOVABLE =
      Pattern.compile("lib(curand|cuda)\\.so\\.[0-9]+").asMatchPredicate();

  private static final Predicate<String> THEIR_FUNCTION =
      Pattern.compile("curand\\w*|cu[A-Z]\\w*").asMatchPredicate();

  private record Entry(long tag, long value) {}

  private final Elf elf;
  private final Elf.Section section;
  private final List<Entry> entries = new ArrayList<>();

  Dynamic(Elf elf) {
    this.elf = elf;
    this.section = elf.section(".dynamic");
    if (elf.segments().stream()
        .noneMatch(
            segment -> segment.type() == Elf.PT_DYNAMIC && segment.offset() == section.offset())) {
      throw new Refusal("has a dynamic section that no segment names");
    }
    MemorySegment bytes = elf.bytes(section);
    for (long at = 0; u64(bytes, at) != NULL; at += ENTRY_BYTES) {
      entries.add(new Entry(u64(bytes, at), u64(bytes, at + 8)));
    }
    if (entries.stream().anyMatch(entry -> entry.tag() == RELR)) {
      throw new Refusal("has packed relocations, which this tool doesn't know");
    }
    checkUnneeded();
  }

  Elf.Section section() {
    return section;
  }

  /** The name that the linker gave the library: its SONAME, or else that of its versions. */
  String name() {
    return entries.stream()
        .filter(entry -> entry.tag() == SONAME)
        .map(this::string)
        .findFirst()
        .or(() -> elf.find(".gnu.version_d").map(this::baseVersion))
        .orElse("");
  }

  List<String> needed() {
    return entries.stream().filter(entry -> entry.tag() == NEEDED).map(this::string).toList();
  }

  /** Those of the needed libraries that it can do without. */
  List<String> unneeded() {
    return needed().stream().filter(REMOVABLE).toList();
  }

  /**
   * The section without the entries of {@link #unneeded()}: the others in their order, then zeros.
   */
  byte[] withoutUnneeded() {
    byte[] shortened = new byte[(int) section.size()];
    MemorySegment bytes = MemorySegment.ofArray(shortened);
    long at = 0;
    for (Entry entry : entries) {
      if (entry.tag() != NEEDED || !REMOVABLE.test(string(entry))) {
        LittleEndian.u64(bytes, at, entry.tag());
        LittleEndian.u64(bytes, at + 8, entry.value());
        at += ENTRY_BYTES;
      }
    }
    return shortened;
  }

  private void checkUnneeded() {
    List<String> unneeded = unneeded();
    if (!unneeded.isEmpty()) {
      checkUnused(elf.section(".dynsym"), unneeded);
      elf.find(".gnu.version_r").ifPresent(versions -> checkUnversioned(versions, unneeded));
    }
  }

  /** The loader ends the process over a version of a library that isn't among the needed. */
  private void checkUnversioned(Elf.Section versions, List<String> unneeded) {
    MemorySegment bytes = elf.bytes(versions);
    long at = 0;
    long step;
    do {
      String library = elf.string(elf.linked(versions), u32(bytes, at + 4));
      if (unneeded.contains(library)) {
        throw new Refusal("needs " + library + " for versions of its symbols");
      }
      step = u32(bytes, at + 12);
      at += step;
    } while (step != 0);
  }

  private void checkUnused(Elf.Section symbols, List<String> unneeded) {
    MemorySegment bytes = elf.bytes(symbols);
    for (long at = 0; at < bytes.byteSize(); at += SYMBOL_BYTES) {
      String symbol = elf.string(elf.linked(symbols), u32(bytes, at));
      if (u16(bytes, at + 6) == 0 && THEIR_FUNCTION.test(symbol)) {
        throw new Refusal("uses " + symbol + " and so needs one of " + unneeded);
      }
    }
  }

  private String baseVersion(Elf.Section definitions) {
    MemorySegment bytes = elf.bytes(definitions);
    return (u16(bytes, 2) & BASE_VERSION) == 0
        ? ""
        : elf.string(elf.linked(definitions), u32(bytes, u32(bytes, 12)));
  }

  private String string(Entry entry) {
    return elf.string(elf.linked(section), entry.value());
  }
}
