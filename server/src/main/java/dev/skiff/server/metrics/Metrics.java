package dev.skiff.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

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

  /** Clients choose how many rows they send, and what is kept of them is bounded. */
  private static final long LARGEST_LISTED_BATCH = 1024;

  private final StandingClock clock = new StandingClock();
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, new PrometheusRegistry(), clock);
  private final ConcurrentMap<String, Counter> errors = new ConcurrentHashMap<>();
  private final ConcurrentMap<Version, ModelMeters> models = new ConcurrentHashMap<>();
  private final Set<Integer> gpus = ConcurrentHashMap.newKeySet();
  private final AtomicInteger inFlight = new AtomicInteger();
  private volatile @Nullable JvmGcMetrics garbageCollection;

  private record Version(String model, long number) {}

  public Metrics() {
    Gauge.builder("skiff.requests.in.flight", inFlight, AtomicInteger::get)
        .description("Requests that are being answered")
        .register(registry);
  }

  /** Adds the meters of the JVM and the process. Not needed to serve, so it comes later, once. */
  public void bindJvm() {
    new ClassLoaderMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    JvmGcMetrics collections = new JvmGcMetrics();
    collections.bindTo(registry);
    garbageCollection = collections;
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
  }

  /** Adds the meters of a GPU, counted from 0, if the driver's library for them is here. */
  public void bindGpu(int device) {
    if (gpus.add(device)) {
      Nvml.open().ifPresent(nvml -> GpuMeters.bind(device, nvml, registry));
    }
  }

  /** The meters of one version of a model, made at their first use. */
  public ModelMeters model(String model, long version) {
    Version key = new Version(model, version);
    ModelMeters known = models.get(key);
    return known != null
        ? known
        : models.computeIfAbsent(
            key, made -> new ModelMeters(registry, clock, tags(model, version)));
  }

  /** Whether no request is being answered and no prediction was in so many milliseconds. */
  public boolean isQuiet(int millis) {
    long since = System.currentTimeMillis() - millis;
    return inFlight.get() == 0
        && models.values().stream().noneMatch(meters -> meters.lastMillis() > since);
  }

  /** Shows whether a version is in this state. */
  public void modelState(String model, long version, String state, BooleanSupplier isIn) {
    show(
        "skiff.model.state",
        "1 for the state that the model's version is in",
        tags(model, version).and("state", state),
        () -> isIn.getAsBoolean() ? 1 : 0);
  }

  /** Shows how many requests wait for a version. */
  public void queueSize(String model, long version, IntSupplier size) {
    show(
        "skiff.queue.size",
        "Requests that wait for their turn",
        tags(model, version),
        size::getAsInt);
  }

  /** Shows how many nodes of a version's graph an execution provider has. */
  public void modelNodes(String model, long version, String provider, IntSupplier nodes) {
    show(
        "skiff.model.nodes",
        "Nodes of the model's graph, by the execution provider that runs them",
        tags(model, version).and("provider", provider),
        nodes::getAsInt);
  }

  private static Tags tags(String model, long version) {
    return Tags.of("model", model, "version", Long.toString(version));
  }

  /** What is shown already stays as it is, until it is forgotten. */
  private void show(String name, String description, Tags tags, DoubleSupplier value) {
    if (registry.find(name).tags(tags).gauge() == null) {
      Gauge.builder(name, value, DoubleSupplier::getAsDouble)
          .description(description)
          .tags(tags)
          .strongReference(true)
          .register(registry);
    }
  }

  /** Takes away all that is shown of a version that is not served any more. */
  public void forget(String model, long version) {
    models.remove(new Version(model, version));
    List<Tag> tags = tags(model, version).stream().toList();
    for (Meter meter : registry.getMeters()) {
      if (meter.getId().getTags().containsAll(tags)) {
        registry.remove(meter);
      }
    }
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
    clock.set();
    return registry.scrape();
  }

  @Override
  public void close() {
    JvmGcMetrics collections = garbageCollection;
    if (collections != null) {
      collections.close();
    }
    registry.close();
  }

  /**
   * How often something happened and how long it took in all.
   *
   * @param nanos the sum, in nanoseconds
   */
  public record Durations(long count, long nanos) {
    private static Durations of(Timer timer) {
      return new Durations(timer.count(), (long) timer.totalTime(TimeUnit.NANOSECONDS));
    }
  }

  /**
   * The runs of one size.
   *
   * @param rows the size
   * @param join putting their requests together
   * @param run running the model
   * @param split cutting the answers
   */
  public record Batches(long rows, Durations join, Durations run, Durations split) {}

  private static final class BatchTimes {
    private long runs;
    private long joinNanos;
    private long runNanos;
    private long splitNanos;

    synchronized void add(long join, long run, long split) {
      runs++;
      joinNanos += join;
      runNanos += run;
      splitNanos += split;
    }

    synchronized Batches batches(long rows) {
      return new Batches(
          rows,
          new Durations(runs, joinNanos),
          new Durations(runs, runNanos),
          new Durations(runs, splitNanos));
    }
  }

  /** What is recorded of each prediction of one version of a model. */
  public static final class ModelMeters {
    private final StandingClock clock;
    private final Timer total;
    private final Timer failure;
    private final Timer read;
    private final Timer queue;
    private final Timer run;
    private final Timer write;
    private final DistributionSummary runRows;
    private final LongAdder answeredRows = new LongAdder();
    private final ConcurrentNavigableMap<Long, BatchTimes> batches = new ConcurrentSkipListMap<>();
    private final Counter requestBytes;
    private final Counter responseBytes;
    private volatile long lastMillis;

    private ModelMeters(PrometheusMeterRegistry registry, StandingClock clock, Tags tags) {
      this.clock = clock;
      total = timer("skiff.request.duration", "From the body to the reply", tags, registry);
      failure =
          timer("skiff.request.failed.duration", "The same, ended by an error", tags, registry);
      read = timer("skiff.read.duration", "Reading the request", tags, registry);
      queue = timer("skiff.queue.duration", "Waiting for a turn", tags, registry);
      run = timer("skiff.run.duration", "Running the model", tags, registry);
      write = timer("skiff.write.duration", "Writing the reply", tags, registry);
      runRows =
          DistributionSummary.builder("skiff.batch.size")
              .description("Rows of one run of the model")
              .serviceLevelObjectives(BATCH_BUCKETS)
              .tags(tags)
              .register(registry);
      requestBytes = bytes("skiff.request.bytes", "Bytes of request bodies", tags, registry);
      responseBytes = bytes("skiff.response.bytes", "Bytes of reply bodies", tags, registry);
    }

    private static Timer timer(
        String name, String description, Tags tags, PrometheusMeterRegistry registry) {
      return Timer.builder(name)
          .description(description)
          .serviceLevelObjectives(LATENCY_BUCKETS)
          .tags(tags)
          .register(registry);
    }

    private static Counter bytes(
        String name, String description, Tags tags, PrometheusMeterRegistry registry) {
      return Counter.builder(name)
          .description(description)
          .baseUnit("bytes")
          .tags(tags)
          .register(registry);
    }

    /** Records one answered request. Times are in nanoseconds. */
    public void success(
        long readNanos,
        long queueNanos,
        long runNanos,
        long writeNanos,
        long rows,
        long bytesIn,
        long bytesOut) {
      lastMillis = clock.set();
      total.record(readNanos + queueNanos + runNanos + writeNanos, TimeUnit.NANOSECONDS);
      read.record(readNanos, TimeUnit.NANOSECONDS);
      queue.record(queueNanos, TimeUnit.NANOSECONDS);
      run.record(runNanos, TimeUnit.NANOSECONDS);
      write.record(writeNanos, TimeUnit.NANOSECONDS);
      answeredRows.add(rows);
      requestBytes.increment((double) bytesIn);
      responseBytes.increment((double) bytesOut);
    }

    /** Records one run of the model, for one request or for several. Times are in nanoseconds. */
    public void ran(long rows, long joinNanos, long runNanos, long splitNanos) {
      runRows.record((double) rows);
      if (rows <= LARGEST_LISTED_BATCH) {
        batches.computeIfAbsent(rows, r -> new BatchTimes()).add(joinNanos, runNanos, splitNanos);
      }
    }

    /** Records a request that found the model but ended in an error. */
    public void failure(long nanos) {
      failure.record(nanos, TimeUnit.NANOSECONDS);
    }

    public Durations total() {
      return Durations.of(total);
    }

    public Durations failure() {
      return Durations.of(failure);
    }

    public Durations read() {
      return Durations.of(read);
    }

    public Durations queue() {
      return Durations.of(queue);
    }

    public Durations run() {
      return Durations.of(run);
    }

    public Durations write() {
      return Durations.of(write);
    }

    /** The rows of all answered requests. */
    public long rowCount() {
      return answeredRows.sum();
    }

    /** How often the model ran. */
    public long runs() {
      return runRows.count();
    }

    /** The runs by their size, the smallest first; sizes above 1,024 are left out. */
    public List<Batches> batches() {
      return batches.entrySet().stream()
          .map(entry -> entry.getValue().batches(entry.getKey()))
          .toList();
    }

    /** When the last request was answered, in milliseconds since 1970; 0 before the first. */
    public long lastMillis() {
      return lastMillis;
    }
  }
}
