package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.RestartPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The end of a container under load. */
@Tag("image")
@Timeout(300)
class ContainerDrainIT {
  private static final int CLIENTS = 4;

  /** What Compose gives a container to end in (deploy/compose), in seconds; then it is killed. */
  private static final String GRACE = "30";

  /**
   * What docs/faults.md promises, and a startup probe allows for (deploy/kubernetes). The image's
   * health check, which is asked here, comes every ten seconds.
   */
  private static final Duration READY_AGAIN = Duration.ofSeconds(60);

  /** After so many answers comes the signal: from the first moment on, until it is warm. */
  static IntStream moments() {
    return IntStream.range(0, 20).map(i -> 5 * i * i);
  }

  /** Clients leave when the server is not ready any more, as a load balancer makes them. */
  @ParameterizedTest
  @MethodSource("moments")
  void sigtermLosesNoRequest(int answers) throws Exception {
    try (var skiff = new Skiff().withEnv("SKIFF_DRAIN_DELAY", "2s");
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      skiff.start();
      AtomicBoolean away = new AtomicBoolean();
      Semaphore answered = new Semaphore(0);
      List<Future<?>> clients = new ArrayList<>();
      Future<?> stopping;
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(threads.submit(() -> keepAsking(skiff, answered, away)));
      }
      try {
        assertThat(answered.tryAcquire(answers, 4, TimeUnit.MINUTES)).isTrue();
        stopping =
            threads.submit(() -> Docker.run("stop", "--time", GRACE, skiff.getContainerId()));
        while (skiff.isReady()) {
          Thread.onSpinWait();
        }
      } finally {
        away.set(true);
      }
      for (Future<?> client : clients) {
        client.get();
      }
      stopping.get();
      assertThat(skiff.inspect("{{.State.ExitCode}}")).isEqualTo("0");
      assertThat(skiff.getLogs()).endsWith("stopped\n");
    }
  }

  /** An orchestrator restarts it for the exit code, and the container's log has the reason. */
  @Test
  void aCrashInNativeCodeEndsItAndIsReported() throws Exception {
    try (var skiff = new Skiff()) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      Docker.run("kill", "--signal", "SEGV", skiff.getContainerId());
      assertThat(Docker.run("wait", skiff.getContainerId())).isEqualTo("1");
      assertThat(skiff.getLogs())
          .contains("A fatal error has been detected by the Java Runtime Environment", "SIGSEGV");
    }
  }

  /** What compose.yaml and Kubernetes ask for, too: nobody has to do anything. */
  @Test
  void aCrashedServerIsStartedAgain() throws Exception {
    try (var skiff =
        new Skiff().host(host -> host.withRestartPolicy(RestartPolicy.onFailureRestart(2)))) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      long crash = System.nanoTime();
      Docker.run("kill", "--signal", "SEGV", skiff.getContainerId());
      String state;
      do {
        state = skiff.inspect("{{.RestartCount}} {{.State.Health.Status}}");
      } while (!state.equals("1 healthy"));
      assertThat(Duration.ofNanos(System.nanoTime() - crash)).isLessThan(READY_AGAIN);
      assertThat(skiff.restarted().post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
    }
  }

  private static Void keepAsking(Skiff skiff, Semaphore answered, AtomicBoolean away)
      throws Exception {
    while (!away.get()) {
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      answered.release();
    }
    return null;
  }
}
