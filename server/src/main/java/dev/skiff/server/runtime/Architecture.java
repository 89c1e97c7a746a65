package dev.skiff.server.runtime;

import java.util.Comparator;

/**
 * What GPU code was compiled for.
 *
 * @param capability the compute capability: 86 is 8.6
 * @param specific whether it runs on devices of that very capability alone, as sm_90a does
 */
record Architecture(int capability, boolean specific) implements Comparable<Architecture> {
  private static final Comparator<Architecture> ORDER =
      Comparator.comparingInt(Architecture::capability).thenComparing(Architecture::specific);

  /**
   * Whether a device of this compute capability can run the code: it runs that of its own major
   * version, with a minor up to its own.
   */
  boolean serves(int device) {
    return specific ? capability == device : capability / 10 == device / 10 && capability <= device;
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
