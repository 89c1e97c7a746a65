package dev.skiff.server.metrics;

import com.sun.management.ThreadMXBean;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;

/**
 * The server's measurements, as Prometheus reads them. Labels are bounded: model names and versions
 * of the repository, error codes, never anything that a client sent. Thread-safe.
 */
public final class Metrics implements AutoCloseable {
  private final StandingClock clock = new StandingClock();
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, new PrometheusRegistry(), clock);
  private final ConcurrentMap<String, Counter> errors = new ConcurrentHashMap<>();
  private final ConcurrentMap<Version, ModelMeters> models = new ConcurrentHashMap<>();
  private final Set<Integer> gpus = ConcurrentHashMap.newKeySet();
  private final AtomicInteger inFlight = new AtomicInteger();

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
    bindCollections();
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
  }

  /**
   * Adds what Micrometer's own meters of collections have under these names. Theirs have the JVM
   * tell of each collection, which at the full rate took 1.3 % of the CPU; these ask at each
   * scrape.
   */
  private void bindCollections() {
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      FunctionTimer.builder(
              "jvm.gc.pause",
              collector,
              GarbageCollectorMXBean::getCollectionCount,
              GarbageCollectorMXBean::getCollectionTime,
              TimeUnit.MILLISECONDS)
          .description("Time spent in collections")
          .tag("gc", collector.getName())
          .register(registry);
    }
    FunctionCounter.builder(
            "jvm.gc.memory.allocated",
            ManagementFactory.getPlatformMXBean(ThreadMXBean.class),
            ThreadMXBean::getTotalThreadAllocatedBytes)
        .description("Bytes allocated on the heap by all threads, those that have ended among them")
        .baseUnit("bytes")
        .register(registry);
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
    registry.close();
  }
}
