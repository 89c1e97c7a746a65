package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The end of a server under load. */
@BothDoors
@Timeout(60)
class DrainIT {
  /** Half a second of work, or a few seconds. */
  private static final String LONG = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[800000]}}";

  private static final String LONGER = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[4000000]}}";
  private static final String SHORT = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[1]}}";

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
    TestServer server = door.start(folder, "--drain-delay=1s");
    assertThat(server.get("/health").ok().get("status").textValue()).isEqualTo("ok");
    assertThat(server.get("/v2/health/ready").ok()).hasToString("{\"ready\":true}");
    CompletableFuture<Reply> running = send(server, LONGER);
    await(() -> inFlight(server) >= 2); // itself and the scrape
    CompletableFuture<Void> stopped = CompletableFuture.runAsync(server::stop, threads);
    // First the probes turn, while requests are still answered.
    await(() -> server.get("/health/ready").status() == 503);
    assertThat(server.get("/health").json().get("status").textValue()).isEqualTo("draining");
    assertThat(server.get("/v2/health/ready").json()).hasToString("{\"ready\":false}");
    server.get("/health/live").ok();
    assertThat(stopped).isNotDone();
    assertThat(running).isNotDone();
    assertThat(server.post("/predict", SHORT).ok()).hasToString("{\"outputs\":[[2.0,3.0,4.0]]}");
    // Then the listener closes, and what is under way ends well.
    await(() -> refusesConnections(server));
    assertThat(running.join().ok()).hasToString("{\"outputs\":[[4000001.0,4000002.0,4000003.0]]}");
    stopped.join();
    assertThatThrownBy(server::connect).isInstanceOf(ConnectException.class);
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
      CompletableFuture<Reply> running = send(server, LONG);
      await(() -> inFlight(server) >= 2);
      CompletableFuture<Reply> waiting = wait(server);
      server.post("/predict", SHORT).refused(ErrorCode.OVERLOADED).contains("full");
      assertThat(running.join().status()).isEqualTo(200);
      assertThat(waiting.join().status()).isEqualTo(200);
    }
  }

  @Test
  @BadInput(87)
  void givesUpOnARequestWhoseDeadlinePassesInTheQueue(@TempDir Path folder, Door door)
      throws IOException {
    TestServer.folder(folder, "slow");
    try (TestServer server = door.start(folder, "--concurrency=1")) {
      CompletableFuture<Reply> running = send(server, LONG);
      await(() -> inFlight(server) >= 2);
      CompletableFuture<Reply> waiting = wait(server);
      var request = server.request("/predict").header("X-Request-Timeout-Ms", "20");
      Reply late = server.send(request.POST(BodyPublishers.ofString(SHORT)));
      late.refused(ErrorCode.DEADLINE_EXCEEDED).contains("deadline");
      assertThat(running).isNotDone();
      assertThat(running.join().status()).isEqualTo(200);
      assertThat(waiting.join().status()).isEqualTo(200);
    }
  }

  private CompletableFuture<Reply> send(TestServer server, String body) {
    return CompletableFuture.supplyAsync(() -> server.post("/predict", body), threads);
  }

  /** A request that waits behind the one that is in flight, which may not have begun to run yet. */
  private CompletableFuture<Reply> wait(TestServer server) {
    while (true) {
      CompletableFuture<Reply> sent = send(server, SHORT);
      await(() -> sent.isDone() || isQueued(server));
      if (!sent.isDone()) {
        return sent;
      }
    }
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
