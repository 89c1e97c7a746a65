package dev.skiff.image.prune;

import java.util.Comparator;

/**
 * What code was compiled for.
 *
 * @param capability the compute capability: 86 is 8.6
 * @param specific whether the code uses what only that very capability has, as sm_90a does
 */
record Architecture(int capability, boolean specific) implements Comparable<Architecture> {
  private static final Comparator<Architecture> ORDER =
      Comparator.comparingInt(Architecture::capability).thenComparing(Architecture::specific);

  /** Whether a device of at least this capability can do what the code asks for. */
  boolean suits(int device) {
    return specific ? capability == device : capability <= device;
  }

  @Override
  public int compareTo(Architecture other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return "sm_" + capability + (specific ? "a" : "");
  }
}
