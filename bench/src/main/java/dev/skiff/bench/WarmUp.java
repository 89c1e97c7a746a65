package dev.skiff.bench;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/** How long the load runs before anything is measured. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
  @JsonSubTypes.Type(value = WarmUp.Fixed.class, name = "fixed"),
  @JsonSubTypes.Type(value = WarmUp.UntilStable.class, name = "stable")
})
sealed interface WarmUp {

  /** A fixed time in seconds; 0 measures from the first request on. */
  record Fixed(double seconds) implements WarmUp {}

  /** Until {@link #isStable} says so, at most {@link #LIMIT_SECONDS}. */
  record UntilStable() implements WarmUp {
    static final int LIMIT_SECONDS = 60;
    private static final int WINDOWS = 3;
    private static final double SPREAD = 0.05;
  }

  /**
   * Whether the last three one-second windows agree: the slowest is within 5 % of the fastest, and
   * none is empty.
   *
   * @param requestsPerSecond successful requests of each second of the warm-up, oldest first
   */
  static boolean isStable(List<Long> requestsPerSecond) {
    if (requestsPerSecond.size() < UntilStable.WINDOWS) {
      return false;
    }
    List<Long> last =
        requestsPerSecond.subList(
            requestsPerSecond.size() - UntilStable.WINDOWS, requestsPerSecond.size());
    long slowest = last.stream().mapToLong(Long::longValue).min().orElse(0);
    long fastest = last.stream().mapToLong(Long::longValue).max().orElse(0);
    return slowest > 0 && fastest - slowest <= UntilStable.SPREAD * fastest;
  }
}
