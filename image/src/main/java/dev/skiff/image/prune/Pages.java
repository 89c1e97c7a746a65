package dev.skiff.image.prune;

/** Rounds to a multiple of a power of two. */
final class Pages {
  private Pages() {}

  static long down(long value, long page) {
    return value & -page;
  }

  static long up(long value, long page) {
    return (value + page - 1) & -page;
  }
}
