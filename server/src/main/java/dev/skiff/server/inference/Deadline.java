package dev.skiff.server.inference;

import java.time.Duration;

/**
 * The moment after which nobody waits for an answer any more, on the clock of {@link
 * System#nanoTime}.
 */
public record Deadline(long nanoTime) {

  /** A deadline this long from now. */
  public static Deadline after(Duration duration) {
    return new Deadline(System.nanoTime() + duration.toNanos());
  }

  /** The nanoseconds that are left; none or fewer once it has passed. */
  public long remainingNanos() {
    return nanoTime - System.nanoTime();
  }

  public boolean passed() {
    return remainingNanos() <= 0;
  }

  /** The error for a request whose deadline passed. */
  public static InferenceException exceeded(String where) {
    return new InferenceException(
        ErrorCode.DEADLINE_EXCEEDED, "the request's deadline passed " + where);
  }
}
