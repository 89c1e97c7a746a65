package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The end of the packaged server. */
final class SignalIT {
  private static final Pattern IN_FLIGHT =
      Pattern.compile("^skiff_requests_in_flight (\\S+)$", Pattern.MULTILINE);
  private static final long PATIENCE_SECONDS = 240;

  /** How long the request under way takes: long enough for the signal to find it there. */
  private static final long RUN_NANOS = 2_000_000_000L;

  /** The end waits for a model that is being loaded: native code that does it cannot be left. */
  @Test
  @BadInput(101)
  void itEndsWellWhileModelsLoad() throws Exception {
    try (JavaProcess process =
        SkiffProcess.run(
            Map.of(),
            Repository.SHIPPED.toString(),
            "--host=127.0.0.1",
            "--port=0",
            "--log-level=debug")) {
      process.awaitOut(line -> true);
      process.signal("TERM");
      assertThat(process.awaitExit()).as(process::toString).isZero();
      assertThat(process.out()).noneMatch(line -> line.contains("ERROR"));
      assertThat(process.err()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT"})
  @BadInput(100)
  void aRequestUnderWayStillGetsItsAnswer(String signal, @TempDir Path folder) throws Exception {
    Path models = Repository.of(folder, "slow");
    long nanos = RUN_NANOS;
    while (!isUnderWayAtTheSignal(nanos, signal, models)) {
      nanos *= 2;
    }
  }

  /**
   * Ends a server with a request that takes about that long.
   *
   * @return false if it had its answer before the server began to drain, as may happen on a busy
   *     machine: then this proves nothing
   */
  private static boolean isUnderWayAtTheSignal(long nanos, String signal, Path models)
      throws Exception {
    try (SkiffProcess server =
        SkiffProcess.serve(models, "--request-timeout", "4m", "--drain-timeout", "4m")) {
      long iterations = iterations(server, nanos);
      CompletableFuture<HttpResponse<String>> reply = server.begin("/predict", slow(iterations));
      awaitInFlight(server, 1, reply);

      server.process().signal(signal);
      server.process().awaitOut(line -> line.contains("draining"));
      boolean underWay = !reply.isDone();

      HttpResponse<String> answer = reply.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).contains(Float.toString((float) iterations));
      assertThat(server.process().awaitExit()).isZero();
      assertThat(server.process().out()).last().asString().endsWith("stopped");
      assertThat(server.process().err()).isEmpty();
      return underWay;
    }
  }

  @Test
  void aRequestThatOutlastsTheDrainTimeoutIsGivenUp(@TempDir Path folder) throws Exception {
    Path models = Repository.of(folder, "slow");
    try (SkiffProcess server = SkiffProcess.serve(models, "--drain-timeout", "100ms")) {
      long iterations = iterations(server, 200 * RUN_NANOS);
      CompletableFuture<HttpResponse<String>> reply = server.begin("/predict", slow(iterations));
      awaitInFlight(server, 1, reply);

      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).isEqualTo(1);
      assertThat(server.process().out())
          .last()
          .asString()
          .endsWith("requests were still running after the drain timeout");
      assertThat(server.process().err()).isEmpty();
      assertThat(reply).failsWithin(Duration.ofSeconds(PATIENCE_SECONDS));
    }
  }

  /** The end waits for both, whichever takes longer. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @BadInput({100, 101})
  void aRunAndALoadUnderWayEndWell(boolean isRunFirst, @TempDir Path folder) throws Exception {
    Path models = Repository.of(Files.createDirectory(folder.resolve("models")), "slow");
    try (SkiffProcess server =
        SkiffProcess.serve(
            models, "--model-control=explicit", "--request-timeout=4m", "--drain-timeout=4m")) {
      Path held = Repository.of(models, "add").resolve("add");
      long iterations = iterations(server, isRunFirst ? RUN_NANOS / 4 : RUN_NANOS);
      try (Pipe labels = Pipe.at(held.resolve("labels.txt"))) {
        CompletableFuture<HttpResponse<String>> load =
            server.begin("/v2/repository/models/add/load", "{}");
        labels.awaitReader();
        CompletableFuture<HttpResponse<String>> run = server.begin("/predict", slow(iterations));
        awaitInFlight(server, 2, run);
        server.process().signal("TERM");
        server.process().awaitOut(line -> line.contains("draining"));
        assertThat(load).isNotDone();
        if (isRunFirst) {
          run.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        labels.end();
        assertThat(load.get(PATIENCE_SECONDS, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        assertThat(run.get(PATIENCE_SECONDS, TimeUnit.SECONDS).body())
            .contains(Float.toString((float) iterations));
      }
      assertThat(server.process().awaitExit()).isZero();
      assertThat(server.process().out()).last().asString().endsWith("stopped");
      assertThat(server.process().err()).isEmpty();
    }
  }

  @Test
  void itIsNotReadyAnyMoreAndStillAnswersDuringTheDrainDelay(@TempDir Path folder)
      throws Exception {
    Path models = Repository.of(folder, "unnamed");
    try (SkiffProcess server = SkiffProcess.serve(models, "--drain-delay", "5m")) {
      assertThat(server.get("/health/ready").statusCode()).isEqualTo(200);
      server.process().signal("TERM");
      server.process().awaitOut(line -> line.contains("draining for 300000 ms"));
      assertThat(server.get("/health/ready").statusCode()).isEqualTo(503);
      assertThat(server.get("/health/live").statusCode()).isEqualTo(200);
      assertThat(server.post("/predict", "[1, 2, 3]").statusCode()).isEqualTo(200);
    }
  }

  /** As many iterations as take about that long on this machine. */
  private static long iterations(SkiffProcess server, long wanted)
      throws IOException, InterruptedException {
    assertThat(server.post("/predict", slow(0)).statusCode()).isEqualTo(200);
    long tried = 10_000;
    while (true) {
      long start = System.nanoTime();
      assertThat(server.post("/predict", slow(tried)).statusCode()).isEqualTo(200);
      long nanos = System.nanoTime() - start;
      if (nanos > 500_000_000) {
        return Math.round((double) tried / nanos * wanted);
      }
      tried *= 4;
    }
  }

  private static String slow(long iterations) {
    return "{\"inputs\": {\"x\": [[0, 0, 0]], \"iterations\": [%d]}}".formatted(iterations);
  }

  /** Waits until so many requests are being answered beside the one that asks, or it has been. */
  private static void awaitInFlight(SkiffProcess server, int count, CompletableFuture<?> request)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!request.isDone() && System.nanoTime() < end) {
      Matcher inFlight = IN_FLIGHT.matcher(server.get("/metrics").body());
      if (inFlight.find() && Double.parseDouble(inFlight.group(1)) > count) {
        return;
      }
    }
    assertThat(request).as("the request did not arrive").isDone();
  }
}
