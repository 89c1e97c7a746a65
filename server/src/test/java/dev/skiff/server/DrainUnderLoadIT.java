package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The end of the packaged server while clients keep it busy. */
@Timeout(240)
final class DrainUnderLoadIT {
  /** After so many answers comes the signal: from the first moment on, until it is warm. */
  static IntStream moments() {
    return IntStream.range(0, 10).map(i -> 20 * i * i);
  }

  /** As behind a load balancer that asks whether the server is ready. */
  @ParameterizedTest
  @MethodSource("moments")
  @BadInput(100)
  void nobodyIsLostWhoLeavesWhenItIsNotReady(int answers, @TempDir Path folder) throws Exception {
    Path models = Repository.of(folder, "identity-fp32", "slow");
    Duration delay = Duration.ofSeconds(1);
    while (!areAllGone(answers, models, delay)) {
      delay = delay.multipliedBy(4);
    }
  }

  /**
   * Ends a server that goes on serving for so long.
   *
   * @return false if not everybody had left by then, as may be on a busy machine: then this proves
   *     nothing
   */
  private static boolean areAllGone(int answers, Path models, Duration delay) throws Exception {
    try (SkiffProcess server =
            SkiffProcess.serve(models, "--drain-delay", delay.toMillis() + "ms");
        LoadedClients clients = new LoadedClients(server.address())) {
      clients.awaitAnswers(answers);
      long start = System.nanoTime();
      server.process().signal("TERM");
      while (isReady(server)) {
        Thread.onSpinWait();
      }
      clients.sendAway();
      clients.awaitLast();
      boolean isInTime = System.nanoTime() - start < delay.toNanos();
      assertThat(clients.wrong()).isEmpty();
      assertThat(clients.unanswered()).isEmpty();
      assertThat(isInTime ? clients.refused() : 0).isZero();
      assertThat(server.process().awaitExit()).isZero();
      assertThat(server.process().err()).isEmpty();
      return isInTime;
    }
  }

  private static boolean isReady(SkiffProcess server) throws InterruptedException {
    try {
      return server.get("/health/ready").statusCode() == 200;
    } catch (IOException e) {
      // Nobody listens any more.
      return false;
    }
  }

  /** These go on until nothing listens any more, and are told so by a 503. */
  @ParameterizedTest
  @MethodSource("moments")
  @BadInput(100)
  void everybodyElseIsRefused(int answers, @TempDir Path folder) throws Exception {
    Path models = Repository.of(folder, "identity-fp32", "slow");
    try (SkiffProcess server = SkiffProcess.serve(models);
        LoadedClients clients = new LoadedClients(server.address())) {
      clients.awaitAnswers(answers);
      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).isZero();
      clients.awaitLast();

      assertThat(clients.wrong()).isEmpty();
      assertThat(clients.unanswered()).isEmpty();
      assertThat(server.process().err()).isEmpty();
    }
  }
}
