package dev.skiff.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.AbstractHistogram;

/**
 * A run as it is kept in a file.
 *
 * @param time when the measured part began, ISO 8601 in UTC
 * @param commit of the working directory, or {@code unknown}
 * @param warmUpRequestsPerSecond successes of each whole second before the measured part
 * @param warmUpStable whether the last three of these agree within 5 %
 * @param requests successes and errors of the measured part
 * @param errors replies that were not 2xx by status; {@code connect}, {@code closed}, {@code
 *     timeout} and {@code malformed} for connections and replies that failed
 * @param errorLatency of the replies that were not 2xx, by status
 * @param unanswered requests due before the end that had no reply by then; they are in no other
 *     number
 * @param oldestUnansweredMicros how long the oldest of them had waited
 * @param requestsPerSecond successes of each whole second
 * @param meanRequestsPerSecond successes over the whole duration
 * @param percentiles the latency's distribution
 * @param p50MicrosPerSecond of each whole second that had a success
 * @param p99MicrosPerSecond the same
 */
record Result(
    String name,
    List<String> commandLine,
    String time,
    String commit,
    Machine machine,
    Settings settings,
    List<Long> warmUpRequestsPerSecond,
    boolean warmUpStable,
    long requests,
    Map<String, Long> errors,
    Map<String, Latency> errorLatency,
    long unanswered,
    double oldestUnansweredMicros,
    List<Long> requestsPerSecond,
    double meanRequestsPerSecond,
    Latency latency,
    List<Percentile> percentiles,
    List<Double> p50MicrosPerSecond,
    List<Double> p99MicrosPerSecond,
    long bytesIn,
    long bytesOut) {

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS) // Loop.Closed has only its kind
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  /** Puts together what was asked, where it ran, and what was measured. */
  static Result of(
      String name,
      List<String> commandLine,
      String commit,
      Machine machine,
      Settings settings,
      Measurement measurement) {
    Tally tally = measurement.tally();
    AbstractHistogram all = tally.latency();
    List<AbstractHistogram> wholeSeconds =
        tally.seconds().subList(0, (int) (settings.durationNanos() / 1_000_000_000L));
    long failures = tally.errors().values().stream().mapToLong(Long::longValue).sum();
    Map<String, Latency> errorLatency = new TreeMap<>();
    tally.errorLatency().forEach((kind, nanos) -> errorLatency.put(kind, Latency.of(nanos)));
    return new Result(
        name,
        commandLine,
        measurement.start().toString(),
        commit,
        machine,
        settings,
        measurement.warmUpRequestsPerSecond(),
        measurement.warmUpStable(),
        all.getTotalCount() + failures,
        tally.errors(),
        errorLatency,
        tally.unanswered(),
        Math.round(tally.oldestUnansweredNanos() / 100.0) / 10.0,
        wholeSeconds.stream().map(AbstractHistogram::getTotalCount).toList(),
        all.getTotalCount() / settings.durationSeconds(),
        Latency.of(all),
        Percentile.of(all),
        perSecond(wholeSeconds, 50),
        perSecond(wholeSeconds, 99),
        tally.bytesIn(),
        tally.bytesOut());
  }

  private static List<Double> perSecond(List<AbstractHistogram> seconds, double percentile) {
    return seconds.stream()
        .filter(second -> second.getTotalCount() > 0)
        .map(second -> Latency.percentile(second, percentile))
        .toList();
  }

  /** Requests with a 2xx reply. */
  long successes() {
    return requests - errors.values().stream().mapToLong(Long::longValue).sum();
  }

  /**
   * The run in a file of {@code run --out}, or those of all rounds in one that {@code
   * bench/measure} keeps of a row, where each has some more properties.
   *
   * @throws IOException also where there is none
   */
  static List<Result> read(Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    try {
      if (JSON.readTree(content).path("runs") instanceof ArrayNode runs && !runs.isEmpty()) {
        return JSON.readerForListOf(Result.class)
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .readValue(runs);
      }
      return List.of(JSON.readValue(content, Result.class));
    } catch (JsonProcessingException e) {
      throw new IOException(
          file + " is not a result of this program: " + e.getOriginalMessage(), e);
    }
  }

  void write(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Files.writeString(file, JSON.writeValueAsString(this) + "\n");
  }
}
