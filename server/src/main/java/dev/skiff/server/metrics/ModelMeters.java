package dev.skiff.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** What is recorded of each prediction of one version of a model. Thread-safe. */
public final class ModelMeters {
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

  ModelMeters(MeterRegistry registry, StandingClock clock, Tags tags) {
    this.clock = clock;
    total = timer("skiff.request.duration", "From the body to the reply", tags, registry);
    failure = timer("skiff.request.failed.duration", "The same, ended by an error", tags, registry);
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

  private static Timer timer(String name, String description, Tags tags, MeterRegistry registry) {
    return Timer.builder(name)
        .description(description)
        .serviceLevelObjectives(LATENCY_BUCKETS)
        .tags(tags)
        .register(registry);
  }

  private static Counter bytes(String name, String description, Tags tags, MeterRegistry registry) {
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
