package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The end of a server under load, and its refusals. Where the run that a test begins has ended
 * before the test is through with what it does meanwhile, as on a busy machine, that proves
 * nothing: it is done again, with a run that is twice as long.
 */
@BothDoors
@Timeout(240)
class DrainIT {
  private static final String COUNT = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[%d]}}";
  private static final String SHORT = COUNT.formatted(1);

  /** Half a second of work. */
  private static final int ITERATIONS = 800_000;

  /** Not beyond what FP32 counts to, and some ten seconds of work. */
  private static final int MOST_ITERATIONS = 16 * ITERATIONS;

  /** The common pool may have only one thread. */
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory());

  @AfterEach
  void close() {
    threads.close();
  }

  @Test
  @BadInput(100)
  void endsWithoutLosingARequest(@TempDir Path folder, Door door) throws IOException {
    TestServer.folder(folder, "slow");
    boolean isProven = false;
    for (int iterations = ITERATIONS; !isProven; iterations *= 2) {
      assertThat(iterations).as("of the run under way").isLessThanOrEqualTo(MOST_ITERATIONS);
      isProven = outlastsTheListener(iterations, folder, door);
    }
  }

  /** Ends a server with such a run under way; whether that goes on when nobody listens any more. */
  private boolean outlastsTheListener(int iterations, Path folder, Door door) throws IOException {
    TestServer server = door.start(folder, "--drain-delay=100ms", "--drain-timeout=4m");
    assertThat(server.get("/health").ok().get("status").textValue()).isEqualTo("ok");
    assertThat(server.get("/v2/health/ready").ok()).hasToString("{\"ready\":true}");
    CompletableFuture<Reply> running = begin(server, iterations);
    // First the probes turn, while requests are still answered.
    server.announceStop();
    assertThat(server.get("/health/ready").status()).isEqualTo(503);
    assertThat(server.get("/health").json().get("status").textValue()).isEqualTo("draining");
    assertThat(server.get("/v2/health/ready").json()).hasToString("{\"ready\":false}");
    server.get("/health/live").ok();
    assertThat(server.post("/predict", SHORT).ok()).hasToString("{\"outputs\":[[2.0,3.0,4.0]]}");
    // Then the listener closes, and what is under way ends well.
    long start = System.nanoTime();
    CompletableFuture<Boolean> stopped = CompletableFuture.supplyAsync(server::stop, threads);
    await(() -> refusesConnections(server));
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(100));
    boolean outlasts = !running.isDone();
    assertThat(running.join().ok().at("/outputs/0/2").intValue()).isEqualTo(3 + iterations);
    assertThat(stopped.join()).as("all were answered").isTrue();
    assertThatThrownBy(server::connect).isInstanceOf(ConnectException.class);
    return outlasts;
  }

  @Test
  void stopsAtOnceWithoutRequests(@TempDir Path folder, Door door) throws IOException {
    TestServer server = door.start(TestServer.folder(folder, "slow"));
    server.post("/predict", SHORT).ok();
    long start = System.nanoTime();
    server.stop();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
    assertThatThrownBy(server::connect).isInstanceOf(ConnectException.class);
  }

  @Test
  @BadInput(86)
  void turnsAwayWhatTheQueueCannotHold(@TempDir Path folder, Door door) throws IOException {
    TestServer.folder(folder, "slow");
    try (TestServer server = door.start(folder, "--concurrency=1", "--queue-limit=1")) {
      third(server, Map.of()).refused(ErrorCode.OVERLOADED).contains("full");
    }
  }

  @Test
  @BadInput(87)
  void givesUpOnARequestWhoseDeadlinePassesInTheQueue(@TempDir Path folder, Door door)
      throws IOException {
    TestServer.folder(folder, "slow");
    try (TestServer server = door.start(folder, "--concurrency=1")) {
      third(server, Map.of("X-Request-Timeout-Ms", "20"))
          .refused(ErrorCode.DEADLINE_EXCEEDED)
          .contains("deadline");
    }
  }

  /** The reply to a short request that has it while one runs and another waits. */
  private Reply third(TestServer server, Map<String, String> headers) {
    for (int iterations = ITERATIONS; iterations <= MOST_ITERATIONS; iterations *= 2) {
      CompletableFuture<Reply> running = begin(server, iterations);
      CompletableFuture<Reply> waiting = behind(server, running);
      HttpRequest.Builder request = server.request("/predict");
      headers.forEach(request::header);
      Reply third = server.send(request.POST(BodyPublishers.ofString(SHORT)));
      boolean isMeanwhile = !running.isDone();
      assertThat(running.join().status()).isEqualTo(200);
      assertThat(waiting.join().status()).isEqualTo(200);
      // What was answered has waited for the run, or there was none any more.
      if (isMeanwhile && third.status() != 200) {
        return third;
      }
    }
    throw new AssertionError("the third has no reply before the run has ended, however long");
  }

  /** A run that is under way, or has ended. */
  private CompletableFuture<Reply> begin(TestServer server, int iterations) {
    CompletableFuture<Reply> running = send(server, COUNT.formatted(iterations));
    await(() -> running.isDone() || inFlight(server) >= 2); // itself and the scrape
    return running;
  }

  /**
   * A request that waits behind that run, or was answered after it. Others before it may be
   * answered or refused as long as the run has not begun.
   */
  private CompletableFuture<Reply> behind(TestServer server, CompletableFuture<Reply> running) {
    while (true) {
      CompletableFuture<Reply> sent = send(server, SHORT);
      await(() -> sent.isDone() || isQueued(server));
      if (!sent.isDone() || (running.isDone() && sent.join().status() == 200)) {
        return sent;
      }
    }
  }

  private CompletableFuture<Reply> send(TestServer server, String body) {
    return CompletableFuture.supplyAsync(() -> server.post("/predict", body), threads);
  }

  private static boolean isQueued(TestServer server) {
    return server
        .get("/metrics")
        .text()
        .contains("skiff_queue_size{model=\"slow\",version=\"1\"} 1.0");
  }

  private static double inFlight(TestServer server) {
    return server
        .get("/metrics")
        .text()
        .lines()
        .filter(line -> line.startsWith("skiff_requests_in_flight "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
        .sum();
  }

  private static boolean refusesConnections(TestServer server) {
    try {
      server.connect().close();
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  private static void await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      Thread.onSpinWait();
    }
  }
}
