package dev.skiff.image.prune;

import dev.skiff.image.prune.Elf.Section;
import dev.skiff.image.prune.Provider.Module;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

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

  /** Each fat binary has the chosen code of the one that it was, to the byte. */
  private void checkCode() {
    require(before.modules().size() == after.modules().size(), "its number of fat binaries");
    for (int index = 0; index < before.modules().size(); index++) {
      List<Fatbin.Entry> chosen = architectures.keep(before.modules().get(index).fatbin());
      List<Fatbin.Entry> kept = after.modules().get(index).fatbin().entries();
      require(chosen.size() == kept.size(), "the code in fat binary " + index);
      for (int entry = 0; entry < kept.size(); entry++) {
        require(
            Compression.isSame(code(before, chosen.get(entry)), code(after, kept.get(entry))),
            "the code in fat binary " + index);
      }
    }
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
          same &= Arrays.equals(content(before, was), content(after, is));
        }
      }
      if (was.isLoaded()) {
        same &= before.elf().load(was).flags() == after.elf().load(is).flags();
      }
      require(same, "section " + was.name());
    }
  }

  /** A section's bytes, with zeros for the pointers into the code. */
  private static byte[] content(Provider provider, Section section) {
    byte[] content = provider.elf().bytes(section).toArray(ValueLayout.JAVA_BYTE);
    blank(content, section, provider, Module::pointer);
    blank(content, section, provider, Module::addend);
    return content;
  }

  private static void blank(
      byte[] content, Section section, Provider provider, ToLongFunction<Module> position) {
    for (Module module : provider.modules()) {
      long at = position.applyAsLong(module) - section.offset();
      if (at >= 0 && at < content.length) {
        Arrays.fill(content, (int) at, (int) at + Long.BYTES, (byte) 0);
      }
    }
  }

  private static void require(boolean holds, String subject) {
    if (!holds) {
      throw new IllegalStateException("the result is wrong: " + subject + " changed");
    }
  }
}
