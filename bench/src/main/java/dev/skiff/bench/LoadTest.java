package dev.skiff.bench;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Runs the workers through warm-up and measurement. The thread that calls {@link #run} only looks
 * at the clock and the counters; the load comes from the workers' threads. Use once.
 */
final class LoadTest {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final Settings settings;
  private final Consumer<String> progress;
  private final Timeline timeline = new Timeline();
  private final List<Worker> workers = new ArrayList<>();

  /**
   * @param progress gets a short line about every second, on the caller's thread
   */
  LoadTest(Settings settings, Request request, Consumer<String> progress) throws IOException {
    this.settings = settings;
    this.progress = progress;
    int threads = settings.threads();
    for (int i = 0; i < threads; i++) {
      int connections = (settings.connections() + threads - 1 - i) / threads;
      Pacer pacer = settings.loop().pacer(i, threads);
      workers.add(new Worker(request, pacer, connections, timeline, settings));
    }
  }

  /** Blocks for the warm-up and the measured time. */
  Measurement run() throws IOException, InterruptedException {
    // Closing the executor waits for the workers, which end when the window does.
    try (ExecutorService executor =
        Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("load-", 0).factory())) {
      List<Future<Tally>> tallies = workers.stream().map(executor::submit).toList();
      try {
        List<Long> warmUp = warmUp();
        long start = timeline.now() + 2 * Worker.TICK_NANOS;
        Timeline.Window window = new Timeline.Window(start, start + settings.durationNanos());
        timeline.decide(window);
        Instant startTime = Instant.now();
        follow(window);
        return new Measurement(startTime, warmUp, WarmUp.isStable(warmUp), sum(tallies));
      } finally {
        timeline.decide(new Timeline.Window(0, 0));
      }
    }
  }

  private List<Long> warmUp() throws InterruptedException {
    List<Long> requestsPerSecond = new ArrayList<>();
    long seconds =
        switch (settings.warmUp()) {
          case WarmUp.Fixed(double fixed) -> (long) fixed;
          case WarmUp.UntilStable() -> WarmUp.UntilStable.LIMIT_SECONDS;
        };
    long before = 0;
    for (int second = 1; second <= seconds; second++) {
      sleepUntil(second * NANOS_PER_SECOND);
      long successes = successes();
      requestsPerSecond.add(successes - before);
      report("warm-up", second, successes - before);
      before = successes;
      if (settings.warmUp() instanceof WarmUp.UntilStable && WarmUp.isStable(requestsPerSecond)) {
        return requestsPerSecond;
      }
    }
    if (settings.warmUp() instanceof WarmUp.Fixed(double fixed)) {
      sleepUntil(Math.round(fixed * NANOS_PER_SECOND));
    }
    return requestsPerSecond;
  }

  private void follow(Timeline.Window window) throws InterruptedException {
    sleepUntil(window.startNanos());
    long before = successes();
    long seconds = settings.durationNanos() / NANOS_PER_SECOND;
    for (int second = 1; second <= seconds; second++) {
      sleepUntil(window.startNanos() + second * NANOS_PER_SECOND);
      long successes = successes();
      report("measuring", second, successes - before);
      before = successes;
    }
    sleepUntil(window.endNanos());
  }

  private void report(String phase, int second, long rate) {
    long failures = workers.stream().mapToLong(worker -> worker.recorder().failures()).sum();
    progress.accept(
        String.format(
            Locale.ROOT, "%s %d s: %,d requests/s, %,d errors", phase, second, rate, failures));
  }

  private long successes() {
    return workers.stream().mapToLong(worker -> worker.recorder().successes()).sum();
  }

  private void sleepUntil(long nanos) throws InterruptedException {
    long left = nanos - timeline.now();
    if (left > 0) {
      Thread.sleep(Math.ceilDiv(left, 1_000_000));
    }
  }

  private static Tally sum(List<Future<Tally>> tallies) throws IOException, InterruptedException {
    try {
      Tally sum = tallies.getFirst().get();
      for (Future<Tally> tally : tallies.subList(1, tallies.size())) {
        sum = sum.plus(tally.get());
      }
      return sum;
    } catch (ExecutionException e) {
      throw new IOException("a worker failed", e.getCause());
    }
  }
}
