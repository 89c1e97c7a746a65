package dev.skiff.image.prune;

import dev.skiff.image.prune.Elf.Section;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Compares a pruned provider, as it was read again from its file, with the one that it was made of.
 * That each of them is consistent in itself was checked when it was read.
 */
final class Verification {
  private final Provider before;
  private final Provider after;
  private final Architectures architectures;

  Verification(Provider before, Provider after, Architectures architectures) {
    this.before = before;
    this.after = after;
    this.architectures = architectures;
  }

  /**
   * Runs all checks.
   *
   * @throws IllegalStateException if one fails
   */
  void run() {
    checkCode();
    checkSections();
    List<String> needed = new ArrayList<>(before.dynamic().needed());
    needed.removeAll(before.dynamic().unneeded());
    require(after.dynamic().needed().equals(needed), "its needed libraries");
  }

  /** Each fat binary has its wrapper and, to the byte, the chosen code of the one that it was. */
  private void checkCode() {
    require(before.modules().size() == after.modules().size(), "its number of fat binaries");
    for (int index = 0; index < before.modules().size(); index++) {
      List<Fatbin.Entry> chosen = architectures.keep(before.modules().get(index).fatbin());
      List<Fatbin.Entry> kept = after.modules().get(index).fatbin().entries();
      require(
          wrapper(before, index) == wrapper(after, index), "the wrapper of fat binary " + index);
      require(chosen.size() == kept.size(), "the code in fat binary " + index);
      for (int entry = 0; entry < kept.size(); entry++) {
        require(
            Compression.isSame(code(before, chosen.get(entry)), code(after, kept.get(entry))),
            "the code in fat binary " + index);
      }
    }
  }

  /** Where in its section the wrapper of a fat binary is. */
  private static long wrapper(Provider provider, int index) {
    return provider.modules().get(index).pointer()
        - provider.elf().section(".nvFatBinSegment").offset();
  }

  private static MemorySegment code(Provider provider, Fatbin.Entry entry) {
    return provider.elf().bytes(provider.code()).asSlice(entry.offset(), entry.size());
  }

  /**
   * Every other section is what and where it was, apart from the pointers and the needed libraries.
   */
  private void checkSections() {
    List<Section> old = before.elf().sections();
    List<Section> now = after.elf().sections();
    require(old.size() == now.size(), "its number of sections");
    for (int index = 0; index < old.size(); index++) {
      Section was = old.get(index);
      Section is = now.get(index);
      boolean same =
          was.name().equals(is.name())
              && was.type() == is.type()
              && was.flags() == is.flags()
              && was.address() == is.address()
              && was.link() == is.link();
      if (!was.equals(before.code())) {
        same &= was.size() == is.size();
        if (was.inFile() && !was.equals(before.dynamic().section())) {
          same &= hasSameContent(was, is);
        }
      }
      if (was.isLoaded()) {
        same &= before.elf().load(was).flags() == after.elf().load(is).flags();
      }
      require(same, "section " + was.name());
    }
  }

  /** Whether two sections, one of each file, differ in nothing but pointers into the code. */
  private boolean hasSameContent(Section was, Section is) {
    MemorySegment old = before.elf().bytes(was);
    MemorySegment now = after.elf().bytes(is);
    long at = 0;
    for (long pointer : pointers(was)) {
      if (old.asSlice(at, pointer - at).mismatch(now.asSlice(at, pointer - at)) >= 0) {
        return false;
      }
      at = pointer + Long.BYTES;
    }
    return old.asSlice(at).mismatch(now.asSlice(at)) < 0;
  }

  /** Where in a section the pointers into the code are, or what they are made of. */
  private long[] pointers(Section section) {
    return before.modules().stream()
        .flatMap(module -> Stream.of(module.pointer(), module.addend()))
        .mapToLong(position -> position - section.offset())
        .filter(at -> at >= 0 && at < section.size())
        .sorted()
        .toArray();
  }

  private static void require(boolean holds, String subject) {
    if (!holds) {
      throw new IllegalStateException("the result is wrong: " + subject + " changed");
    }
  }
}
