package dev.skiff.bench;

import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.AbstractHistogram;
import org.HdrHistogram.HistogramIterationValue;

/**
 * A point of the latency distribution.
 *
 * @param percentile from 0 to 100
 * @param micros the latency that so many percent of the successful requests did not exceed
 */
record Percentile(double percentile, double micros) {

  /**
   * The distribution up to its maximum, closer where it matters: one point each time the share of
   * requests above it has halved.
   *
   * @param nanos a histogram in nanoseconds
   */
  static List<Percentile> of(AbstractHistogram nanos) {
    List<Percentile> points = new ArrayList<>();
    for (HistogramIterationValue value : nanos.percentiles(1)) {
      points.add(
          new Percentile(
              value.getPercentileLevelIteratedTo(), Latency.micros(value.getValueIteratedTo())));
    }
    return points;
  }
}
