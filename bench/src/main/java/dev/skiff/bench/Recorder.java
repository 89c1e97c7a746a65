package dev.skiff.bench;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.HdrHistogram.AbstractHistogram;
import org.HdrHistogram.IntCountsHistogram;

/**
 * Writes down what one worker sees. Belongs to the worker's thread, except for {@link #successes}
 * and {@link #failures}, which any thread may read for the progress line. A success costs no
 * allocation.
 */
final class Recorder {
  /** Latency is kept to three digits from 128 ns to an hour. */
  private static final long LONGEST_NANOS = 3_600_000_000_000L;

  private final Timeline timeline;
  private final List<AbstractHistogram> seconds;
  private final Map<String, Long> errors = new TreeMap<>();
  private final Map<String, AbstractHistogram> errorLatency = new TreeMap<>();
  private final AtomicLong successes = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();

  /**
   * @param durationNanos length of the window; each second of it, and the rest, has its histogram
   */
  Recorder(Timeline timeline, long durationNanos) {
    this.timeline = timeline;
    this.seconds =
        Stream.generate(Recorder::histogram)
            .limit(Math.ceilDiv(durationNanos, 1_000_000_000L))
            .toList();
  }

  private static AbstractHistogram histogram() {
    return new IntCountsHistogram(128, LONGEST_NANOS, 3);
  }

  /** A complete reply. One that is not 2xx is an error under its status, and so is its latency. */
  void answered(int status, long dueNanos, long nowNanos) {
    Timeline.Window window = timeline.window();
    long latency = Math.clamp(nowNanos - dueNanos, 0, LONGEST_NANOS);
    if (status < 200 || status > 299) {
      String kind = Integer.toString(status);
      failed(kind, nowNanos);
      if (window.contains(nowNanos)) {
        errorLatency.computeIfAbsent(kind, _ -> histogram()).recordValue(latency);
      }
      return;
    }
    // One writer: a lazy set is enough, and spares a fence per request.
    successes.lazySet(successes.getPlain() + 1);
    if (window.contains(nowNanos)) {
      seconds.get(window.second(nowNanos)).recordValue(latency);
    }
  }

  /**
   * A request or a connection that failed.
   *
   * @param kind the status of the reply, or the word for the failure
   */
  void failed(String kind, long nowNanos) {
    failures.lazySet(failures.getPlain() + 1);
    if (timeline.window().contains(nowNanos)) {
      errors.merge(kind, 1L, Long::sum);
    }
  }

  /** All 2xx replies up to now, warm-up included. */
  long successes() {
    return successes.get();
  }

  /** All failures up to now, warm-up included. */
  long failures() {
    return failures.get();
  }

  /** Latency of the 2xx replies in nanoseconds, one histogram for each second of the window. */
  List<AbstractHistogram> seconds() {
    return seconds;
  }

  /** Failures in the window by status or word. */
  Map<String, Long> errors() {
    return errors;
  }

  /** Latency of the replies in the window that were not 2xx, in nanoseconds, by status. */
  Map<String, AbstractHistogram> errorLatency() {
    return errorLatency;
  }
}
