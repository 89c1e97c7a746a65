package dev.skiff.bench;

import java.util.Locale;
import org.HdrHistogram.AbstractHistogram;

/**
 * Latency of some of the requests in microseconds, from the planned send to the last byte of the
 * reply. All are 0 where there was none.
 */
record Latency(
    double minMicros,
    double p50Micros,
    double p90Micros,
    double p99Micros,
    double p999Micros,
    double maxMicros) {

  /**
   * @param nanos a histogram in nanoseconds
   */
  static Latency of(AbstractHistogram nanos) {
    return nanos.getTotalCount() == 0
        ? new Latency(0, 0, 0, 0, 0, 0)
        : new Latency(
            micros(nanos.getMinValue()),
            percentile(nanos, 50),
            percentile(nanos, 90),
            percentile(nanos, 99),
            percentile(nanos, 99.9),
            micros(nanos.getMaxValue()));
  }

  static double percentile(AbstractHistogram nanos, double percentile) {
    return micros(nanos.getValueAtPercentile(percentile));
  }

  static double micros(long nanos) {
    return Math.round(nanos / 100.0) / 10.0;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "min %,.0f  p50 %,.0f  p90 %,.0f  p99 %,.0f  p99.9 %,.0f  max %,.0f us",
        minMicros,
        p50Micros,
        p90Micros,
        p99Micros,
        p999Micros,
        maxMicros);
  }
}
