package dev.skiff.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
  private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:]+)(?:\\{(.*)})? \\S+");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"([^\"]*)\"");

  private final Metrics metrics = new Metrics();

  @AfterEach
  void close() {
    metrics.close();
  }

  @Test
  void theNamesAreTheseAndNoOthers() {
    recordEverything();
    assertThat(families())
        .containsExactly(
            "skiff_batch_size histogram",
            "skiff_batch_size_max gauge",
            "skiff_model_nodes gauge",
            "skiff_model_state gauge",
            "skiff_queue_duration_seconds histogram",
            "skiff_queue_duration_seconds_max gauge",
            "skiff_queue_size gauge",
            "skiff_read_duration_seconds histogram",
            "skiff_read_duration_seconds_max gauge",
            "skiff_request_bytes_total counter",
            "skiff_request_duration_seconds histogram",
            "skiff_request_duration_seconds_max gauge",
            "skiff_request_errors_total counter",
            "skiff_request_failed_duration_seconds histogram",
            "skiff_request_failed_duration_seconds_max gauge",
            "skiff_requests_in_flight gauge",
            "skiff_response_bytes_total counter",
            "skiff_run_duration_seconds histogram",
            "skiff_run_duration_seconds_max gauge",
            "skiff_write_duration_seconds histogram",
            "skiff_write_duration_seconds_max gauge");
  }

  /** https://prometheus.io/docs/practices/naming: base units, and what is counted ends in total. */
  @Test
  void theNamesFollowTheConventions() {
    recordEverything();
    assertThat(families())
        .filteredOn(family -> family.endsWith(" counter"))
        .hasSize(3)
        .allMatch(family -> family.endsWith("_total counter"));
    assertThat(families())
        .filteredOn(family -> family.contains("duration"))
        .hasSize(12)
        .allMatch(family -> family.contains("_duration_seconds"));
    assertThat(metrics.scrape().lines().filter(line -> line.startsWith("# HELP skiff_")))
        .hasSameSizeAs(families())
        .allMatch(line -> line.split(" ", 4)[3].length() > 3, "says what it is");
  }

  @Test
  void theLabelsAreBounded() {
    recordEverything();
    Set<String> labels =
        metrics
            .scrape()
            .lines()
            .map(LABEL::matcher)
            .flatMap(Matcher::results)
            .filter(label -> !label.group(1).equals("le"))
            .map(label -> label.group(1) + "=" + label.group(2))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(labels)
        .containsExactly(
            "code=NOT_FOUND",
            "code=OVERLOADED",
            "model=iris",
            "provider=cuda",
            "state=ready",
            "version=3");
  }

  @Test
  void everyPredictionIsCounted() {
    ModelMeters meters = metrics.model("iris", 3);
    meters.success(14_000_000, 3_000_000, 2_000_000, 1_000_000, 4, 100, 1_000);
    meters.success(14_000_000, 3_000_000, 2_000_000, 1_000_000, 4, 100, 1_000);
    assertThat(sample("skiff_request_duration_seconds_sum")).isEqualTo("0.04");
    assertThat(sample("skiff_request_duration_seconds_count")).isEqualTo("2");
    assertThat(sample("skiff_queue_duration_seconds_sum")).isEqualTo("0.006");
    assertThat(sample("skiff_run_duration_seconds_sum")).isEqualTo("0.004");
    assertThat(meters.rowCount()).isEqualTo(8);
    assertThat(sample("skiff_request_bytes_total")).isEqualTo("200.0");
    assertThat(sample("skiff_response_bytes_total")).isEqualTo("2000.0");
    assertThat(bucket("0.01")).isEqualTo("0");
    assertThat(bucket("0.025")).isEqualTo("2");
  }

  @Test
  void everyRunIsCounted() {
    ModelMeters meters = metrics.model("iris", 3);
    meters.ran(8, 10, 20, 30);
    meters.ran(8, 1, 2, 3);
    meters.ran(1, 0, 7, 0);
    meters.ran(5_000, 0, 9, 0);
    assertThat(sample("skiff_batch_size_sum")).isEqualTo("5017.0");
    assertThat(meters.runs()).isEqualTo(4);
    assertThat(meters.batches())
        .as("the sizes that are listed are bounded")
        .containsExactly(
            new ModelMeters.Batches(
                1,
                new ModelMeters.Durations(1, 0),
                new ModelMeters.Durations(1, 7),
                new ModelMeters.Durations(1, 0)),
            new ModelMeters.Batches(
                8,
                new ModelMeters.Durations(2, 11),
                new ModelMeters.Durations(2, 22),
                new ModelMeters.Durations(2, 33)));
  }

  @Test
  void gaugesShowWhatIs() {
    AtomicInteger waiting = new AtomicInteger(5);
    AtomicBoolean ready = new AtomicBoolean();
    metrics.queueSize("iris", 3, waiting::get);
    metrics.modelState("iris", 3, "ready", ready::get);
    assertThat(sample("skiff_queue_size")).isEqualTo("5.0");
    assertThat(sample("skiff_model_state")).isEqualTo("0.0");
    waiting.set(0);
    ready.set(true);
    assertThat(sample("skiff_queue_size")).isEqualTo("0.0");
    assertThat(sample("skiff_model_state")).isEqualTo("1.0");
  }

  @Test
  void nodesAreShownByTheirProvider() {
    metrics.modelNodes("iris", 3, "cuda", () -> 7);
    metrics.modelNodes("iris", 3, "cpu", () -> 2);
    System.gc(); // gauges hold their values weakly unless told otherwise
    assertThat(metrics.scrape())
        .contains("skiff_model_nodes{model=\"iris\",provider=\"cuda\",version=\"3\"} 7.0\n")
        .contains("skiff_model_nodes{model=\"iris\",provider=\"cpu\",version=\"3\"} 2.0\n");
  }

  @Test
  void requestsInFlightComeAndGo() {
    metrics.begin();
    metrics.begin();
    metrics.end();
    assertThat(sample("skiff_requests_in_flight")).isEqualTo("1.0");
  }

  @Test
  void errorsAreCountedByTheirCode() {
    metrics.error("OVERLOADED");
    metrics.error("OVERLOADED");
    metrics.error("NOT_FOUND");
    assertThat(metrics.scrape())
        .contains("skiff_request_errors_total{code=\"OVERLOADED\"} 2.0\n")
        .contains("skiff_request_errors_total{code=\"NOT_FOUND\"} 1.0\n");
  }

  @Test
  void theJvmIsMeasuredOnceBound() {
    assertThat(metrics.scrape()).doesNotContain("jvm_");
    metrics.bindJvm();
    assertThat(metrics.scrape())
        .contains("jvm_memory_used_bytes{")
        .contains("jvm_threads_live_threads ")
        .contains("jvm_gc_pause_seconds_count{gc=", "jvm_gc_pause_seconds_sum{gc=")
        .contains("jvm_gc_memory_allocated_bytes_total ")
        .contains("process_uptime_seconds ");
  }

  private void recordEverything() {
    metrics.model("iris", 3).success(1, 1, 1, 1, 1, 1, 1);
    metrics.error("OVERLOADED");
    metrics.error("NOT_FOUND");
    metrics.queueSize("iris", 3, () -> 0);
    metrics.modelState("iris", 3, "ready", () -> true);
    metrics.modelNodes("iris", 3, "cuda", () -> 7);
  }

  private Set<String> families() {
    return metrics
        .scrape()
        .lines()
        .filter(line -> line.startsWith("# TYPE skiff_"))
        .map(line -> line.substring("# TYPE ".length()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private String bucket(String bound) {
    return value(
        line ->
            line.startsWith("skiff_request_duration_seconds_bucket")
                && line.contains("le=\"" + bound + "\""));
  }

  private String sample(String name) {
    return value(
        line -> {
          Matcher matcher = SAMPLE.matcher(line);
          return matcher.matches() && matcher.group(1).equals(name);
        });
  }

  private String value(Predicate<String> wanted) {
    return metrics
        .scrape()
        .lines()
        .filter(wanted)
        .map(line -> line.substring(line.lastIndexOf(' ') + 1))
        .collect(Collectors.joining(","));
  }
}
