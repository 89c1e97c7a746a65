package dev.skiff.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.AbstractHistogram;
import org.HdrHistogram.Histogram;

/**
 * What was seen in the window, by one worker or by all.
 *
 * @param seconds latency of the 2xx replies in nanoseconds, one histogram per second; the last
 *     second may be a part of one
 * @param errors failures by status, or by the word for what happened to the connection
 * @param unanswered requests that were due before the end and had no reply by then
 * @param oldestUnansweredNanos how long the oldest of them had waited; 0 where there is none
 */
record Tally(
    List<AbstractHistogram> seconds,
    Map<String, Long> errors,
    long bytesIn,
    long bytesOut,
    long unanswered,
    long oldestUnansweredNanos) {

  /** The sum of both; neither is changed. */
  Tally plus(Tally other) {
    List<AbstractHistogram> sums = new ArrayList<>();
    for (int i = 0; i < seconds.size(); i++) {
      Histogram sum = new Histogram(seconds.get(i));
      sum.add(seconds.get(i));
      sum.add(other.seconds.get(i));
      sums.add(sum);
    }
    Map<String, Long> allErrors = new TreeMap<>(errors);
    other.errors.forEach((kind, count) -> allErrors.merge(kind, count, Long::sum));
    return new Tally(
        sums,
        allErrors,
        bytesIn + other.bytesIn,
        bytesOut + other.bytesOut,
        unanswered + other.unanswered,
        Math.max(oldestUnansweredNanos, other.oldestUnansweredNanos));
  }

  /** The latency of all 2xx replies, in nanoseconds. */
  Histogram latency() {
    Histogram all = new Histogram(seconds.getFirst());
    seconds.forEach(all::add);
    return all;
  }
}
