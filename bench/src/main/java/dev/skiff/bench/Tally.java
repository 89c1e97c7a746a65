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
 * @param errorLatency of the replies that were not 2xx in nanoseconds, by status
 * @param unanswered requests that were due before the end and had no reply by then
 * @param oldestUnansweredNanos how long the oldest of them had waited; 0 where there is none
 */
record Tally(
    List<AbstractHistogram> seconds,
    Map<String, Long> errors,
    Map<String, AbstractHistogram> errorLatency,
    long bytesIn,
    long bytesOut,
    long unanswered,
    long oldestUnansweredNanos) {

  /** The sum of both; neither is changed. */
  Tally plus(Tally other) {
    List<AbstractHistogram> sums = new ArrayList<>();
    for (int i = 0; i < seconds.size(); i++) {
      sums.add(sum(seconds.get(i), other.seconds.get(i)));
    }
    Map<String, Long> allErrors = new TreeMap<>(errors);
    other.errors.forEach((kind, count) -> allErrors.merge(kind, count, Long::sum));
    Map<String, AbstractHistogram> allErrorLatency = new TreeMap<>(errorLatency);
    other.errorLatency.forEach((kind, latency) -> allErrorLatency.merge(kind, latency, Tally::sum));
    return new Tally(
        sums,
        allErrors,
        allErrorLatency,
        bytesIn + other.bytesIn,
        bytesOut + other.bytesOut,
        unanswered + other.unanswered,
        Math.max(oldestUnansweredNanos, other.oldestUnansweredNanos));
  }

  private static AbstractHistogram sum(AbstractHistogram one, AbstractHistogram other) {
    Histogram sum = new Histogram(one);
    sum.add(one);
    sum.add(other);
    return sum;
  }

  /** The latency of all 2xx replies, in nanoseconds. */
  Histogram latency() {
    Histogram all = new Histogram(seconds.getFirst());
    seconds.forEach(all::add);
    return all;
  }
}
