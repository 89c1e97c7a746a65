package dev.skiff.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;

/**
 * The server's measurements, as Prometheus reads them. Labels are bounded: model names and versions
 * of the repository, error codes, never anything that a client sent. Thread-safe.
 */
public final class Metrics implements AutoCloseable {
  private static final Duration[] LATENCY_BUCKETS = {
    Duration.ofNanos(250_000),
    Duration.ofMillis(1),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofSeconds(1),
    Duration.ofSeconds(5)
  };
  private static final double[] BATCH_BUCKETS = {1, 2, 4, 8, 16, 32, 64, 128};

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics garbageCollection = new JvmGcMetrics();
  private final ConcurrentMap<String, Counter> errors = new ConcurrentHashMap<>();
  private final AtomicInteger inFlight = new AtomicInteger();

  public Metrics() {
    Gauge.builder("skiff.requests.in.flight", inFlight, AtomicInteger::get)
        .description("Requests that are being answered")
        .register(registry);
  }

  /** Adds the meters of the JVM and the process. Not needed to serve, so it can come later. */
  public void bindJvm() {
    new ClassLoaderMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    garbageCollection.bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
  }

  /** The meters of one version of a model; made once and held by who records. */
  public ModelMeters model(String model, long version) {
    return new ModelMeters(registry, model, Long.toString(version));
  }

  /** Shows whether a version is in this state. */
  public void modelState(String model, long version, String state, BooleanSupplier isIn) {
    Gauge.builder("skiff.model.state", isIn, in -> in.getAsBoolean() ? 1 : 0)
        .description("1 for the state that the model's version is in")
        .tags("model", model, "version", Long.toString(version), "state", state)
        .strongReference(true)
        .register(registry);
  }

  /** Shows how many requests wait for a version. */
  public void queueSize(String model, long version, IntSupplier size) {
    Gauge.builder("skiff.queue.size", size, IntSupplier::getAsInt)
        .description("Requests that wait for their turn")
        .tags("model", model, "version", Long.toString(version))
        .strongReference(true)
        .register(registry);
  }

  /** Counts an answer that was an error. */
  public void error(String code) {
    errors
        .computeIfAbsent(
            code,
            c ->
                Counter.builder("skiff.request.errors")
                    .description("Requests answered with an error, by its code")
                    .tag("code", c)
                    .register(registry))
        .increment();
  }

  /** A request begins to be answered. */
  public void begin() {
    inFlight.incrementAndGet();
  }

  /** A request has been answered. */
  public void end() {
    inFlight.decrementAndGet();
  }

  /** All meters in the Prometheus text format. */
  public String scrape() {
    return registry.scrape();
  }

  @Override
  public void close() {
    garbageCollection.close();
    registry.close();
  }

  /** What is recorded of each successful prediction. */
  public static final class ModelMeters {
    private final Timer total;
    private final Timer queue;
    private final Timer run;
    private final DistributionSummary rows;
    private final Counter requestBytes;
    private final Counter responseBytes;

    private ModelMeters(PrometheusMeterRegistry registry, String model, String version) {
      String[] tags = {"model", model, "version", version};
      total =
          timer("skiff.request.duration", "From the request's body to the reply", tags, registry);
      queue = timer("skiff.queue.duration", "Waiting for a turn", tags, registry);
      run = timer("skiff.run.duration", "Running the model", tags, registry);
      rows =
          DistributionSummary.builder("skiff.batch.size")
              .description("Rows of one run of the model")
              .serviceLevelObjectives(BATCH_BUCKETS)
              .tags(tags)
              .register(registry);
      requestBytes =
          Counter.builder("skiff.request.bytes")
              .description("Bytes of request bodies")
              .baseUnit("bytes")
              .tags(tags)
              .register(registry);
      responseBytes =
          Counter.builder("skiff.response.bytes")
              .description("Bytes of reply bodies")
              .baseUnit("bytes")
              .tags(tags)
              .register(registry);
    }

    private static Timer timer(
        String name, String description, String[] tags, PrometheusMeterRegistry registry) {
      return Timer.builder(name)
          .description(description)
          .serviceLevelObjectives(LATENCY_BUCKETS)
          .tags(tags)
          .register(registry);
    }

    /** Records one answered request. Times are in nanoseconds. */
    public void record(
        long totalNanos,
        long queueNanos,
        long runNanos,
        long batchRows,
        long bytesIn,
        long bytesOut) {
      total.record(Duration.ofNanos(totalNanos));
      queue.record(Duration.ofNanos(queueNanos));
      run.record(Duration.ofNanos(runNanos));
      rows.record((double) batchRows);
      requestBytes.increment((double) bytesIn);
      responseBytes.increment((double) bytesOut);
    }
  }
}
