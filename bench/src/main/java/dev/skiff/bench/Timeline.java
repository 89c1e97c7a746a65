package dev.skiff.bench;

/**
 * The clock that all threads of a run share, and the part of the run that is measured. One thread
 * decides the window; any thread reads it.
 */
final class Timeline {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** The measured part, in nanoseconds on the timeline; the end is outside. */
  record Window(long startNanos, long endNanos) {
    /** Before the window is decided, nothing is inside of it. */
    static final Window UNDECIDED = new Window(Long.MAX_VALUE, Long.MAX_VALUE);

    boolean contains(long nanos) {
      return nanos >= startNanos && nanos < endNanos;
    }

    /** The second of the window, from 0, that a time inside of it falls into. */
    int second(long nanos) {
      return (int) ((nanos - startNanos) / NANOS_PER_SECOND);
    }
  }

  private final long originNanos = System.nanoTime();
  private volatile Window window = Window.UNDECIDED;

  /** Nanoseconds since the timeline began. */
  long now() {
    return System.nanoTime() - originNanos;
  }

  Window window() {
    return window;
  }

  /** Decides what is measured. The run is over when the window is. */
  void decide(Window decided) {
    window = decided;
  }
}
