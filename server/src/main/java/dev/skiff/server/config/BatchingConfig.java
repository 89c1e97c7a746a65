package dev.skiff.server.config;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * How requests are joined to batches.
 *
 * @param mode whether at all
 * @param maxBatchSize the most rows of one run, of a single request too; without it a request may
 *     have any, and {@link #joinedRows} bounds the batches
 * @param preferredBatchSizes sizes for which nobody waits longer
 * @param queueDelay how long a request waits for company while the model could run
 */
public record BatchingConfig(
    Mode mode,
    OptionalInt maxBatchSize,
    SortedSet<Integer> preferredBatchSizes,
    Duration queueDelay) {
  private static final int JOINED_ROWS = 32;

  /** Whether requests are joined. */
  public enum Mode {
    /** If a trial at the start finds that it is right and gains something. */
    AUTO,
    /** Without such a trial. */
    ON,
    OFF
  }

  /** Nothing but whether, the rest at its defaults. */
  public static BatchingConfig of(Mode mode) {
    return new BatchingConfig(mode, OptionalInt.empty(), new TreeSet<>(), Duration.ZERO);
  }

  /**
   * The most rows that are put together: the maximum, or else 32, or the largest preferred size.
   */
  public int joinedRows() {
    int preferred = preferredBatchSizes.isEmpty() ? 0 : preferredBatchSizes.last();
    return maxBatchSize.orElse(Math.max(JOINED_ROWS, preferred));
  }
}
