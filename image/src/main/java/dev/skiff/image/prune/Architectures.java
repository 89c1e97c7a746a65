package dev.skiff.image.prune;

import dev.skiff.image.prune.Fatbin.Entry;
import dev.skiff.image.prune.Fatbin.Kind;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The devices to serve, by compute capability: 86 is 8.6. None stands for all of them.
 *
 * <p>Of a fat binary a device runs the cubin of its own major version with the highest minor that
 * is not above its own; without one, its driver compiles the PTX of the highest version up to its
 * own; code for sm_90a and the like suits no device but those of that very version (CUDA C++
 * Programming Guide, "Binary Compatibility" and "PTX Compatibility").
 */
record Architectures(SortedSet<Integer> devices) {
  private static final String ALL = "all";
  private static final Pattern LIST = Pattern.compile("[1-9][0-9]{1,2}(,[1-9][0-9]{1,2})*");

  /**
   * Reads a list like "80,90", or "all".
   *
   * @throws IllegalArgumentException if it is neither
   */
  static Architectures parse(String text) {
    if (text.equals(ALL)) {
      return new Architectures(new TreeSet<>());
    }
    if (!LIST.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "expected compute capabilities like 80,90 or all, got " + text);
    }
    return new Architectures(
        Arrays.stream(text.split(","))
            .map(Integer::valueOf)
            .collect(Collectors.toCollection(TreeSet::new)));
  }

  /** The architectures that fat binaries have code for. */
  static SortedSet<Architecture> in(List<Fatbin> fatbins) {
    return fatbins.stream()
        .flatMap(fatbin -> fatbin.entries().stream())
        .map(Entry::architecture)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The code of a fat binary that one of the devices runs, in its order. */
  List<Entry> keep(Fatbin fatbin) {
    if (devices.isEmpty()) {
      return fatbin.entries();
    }
    Set<Entry> chosen = new HashSet<>();
    devices.forEach(device -> chosen.addAll(choice(fatbin, device)));
    return fatbin.entries().stream().filter(chosen::contains).toList();
  }

  /**
   * Checks that there is code for each of the devices.
   *
   * @throws Refusal if not
   */
  void checkServed(List<Fatbin> fatbins) {
    for (int device : devices) {
      if (fatbins.stream().allMatch(fatbin -> choice(fatbin, device).isEmpty())) {
        throw new Refusal(
            "has no code for devices of compute capability %d.%d; it has code for %s"
                .formatted(device / 10, device % 10, in(fatbins)));
      }
    }
  }

  private static List<Entry> choice(Fatbin fatbin, int device) {
    List<Entry> cubins =
        newest(
            fatbin.entries().stream()
                .filter(entry -> entry.kind() == Kind.CUBIN)
                .filter(entry -> entry.architecture().capability() / 10 == device / 10)
                .toList(),
            device);
    return cubins.isEmpty()
        ? newest(
            fatbin.entries().stream().filter(entry -> entry.kind() == Kind.PTX).toList(), device)
        : cubins;
  }

  private static List<Entry> newest(List<Entry> entries, int device) {
    List<Entry> suitable =
        entries.stream().filter(entry -> entry.architecture().suits(device)).toList();
    int newest =
        suitable.stream().mapToInt(entry -> entry.architecture().capability()).max().orElse(0);
    return suitable.stream().filter(entry -> entry.architecture().capability() == newest).toList();
  }
}
