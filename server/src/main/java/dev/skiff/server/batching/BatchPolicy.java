package dev.skiff.server.batching;

import java.util.List;
import java.util.Set;

/**
 * Decides when those that wait run, and how many of them together. A pure function: the same queue
 * at the same time gets the same answer.
 *
 * <p>The largest batch of a preferred size runs at once. Without one, all that fit into a batch run
 * as soon as it is full, or the oldest has waited for the delay, or somebody would miss a deadline
 * by waiting. Without a delay, nobody waits for company: whoever waits does so because the model is
 * busy.
 *
 * @param maxRows the most rows of a batch; a single request may have more and runs alone
 * @param preferredRows sizes for which nobody waits longer, each at most {@code maxRows}
 * @param delayNanos how long the oldest request waits for company while the model could run
 */
public record BatchPolicy(long maxRows, Set<Long> preferredRows, long delayNanos) {
  /** Each request runs alone. */
  public static final BatchPolicy ALONE = new BatchPolicy(1, Set.of(), 0);

  public BatchPolicy {
    preferredRows = Set.copyOf(preferredRows);
  }

  /**
   * What waits and could run together.
   *
   * @param rows the rows of each request, oldest first, at least one; those that nothing can join
   *     are left out
   * @param oldest when the first of them came, on the clock of {@link System#nanoTime}
   * @param deadline when the first of their deadlines passes, on the same clock
   */
  public record Queue(List<Long> rows, long oldest, long deadline) {}

  /** What to do. */
  public sealed interface Decision {
    /** Run the first so many of the queue together. */
    record Run(int requests) implements Decision {}

    /** Ask again at this time, on the clock of {@link System#nanoTime}, or when one more came. */
    record Wait(long until) implements Decision {}
  }

  /** Decides for this queue at this time, on the clock of {@link System#nanoTime}. */
  public Decision decide(Queue queue, long now) {
    int fitting = 0;
    int preferred = 0;
    long total = 0;
    for (long rows : queue.rows()) {
      if (fitting > 0 && total + rows > maxRows) {
        break;
      }
      total += rows;
      fitting++;
      if (preferredRows.contains(total)) {
        preferred = fitting;
      }
    }
    if (preferred > 0) {
      return new Decision.Run(preferred);
    }
    boolean full = fitting < queue.rows().size() || total >= maxRows;
    long until = queue.oldest() + delayNanos;
    // Differences, because the clock's numbers may overflow.
    boolean waitedLongEnough = until - now <= 0;
    boolean tooLateThen = queue.deadline() - until <= 0;
    return full || waitedLongEnough || tooLateThen
        ? new Decision.Run(fitting)
        : new Decision.Wait(until);
  }
}
