package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.HealthCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.wait.strategy.Wait;

/** What the image does when it runs. */
@Tag("image")
@Timeout(300)
class ContainerIT {
  private static final long MEMORY = 256L << 20;

  @TempDir private Path temporary;

  @Test
  void answersEveryModelThatShips() throws Exception {
    try (var skiff = new Skiff()) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      assertThat(skiff.sample("digits")).contains("\"labels\":[\"seven\",\"two\"]");
      assertThat(skiff.sample("language")).contains("\"label\":\"de\"", "\"label\":\"zh\"");
    }
  }

  @Test
  void runsWhereNothingIsAllowed() throws Exception {
    try (var skiff = new Skiff().restricted()) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      assertThat(skiff.sample("language")).contains("\"label\":\"de\"");
      // As the engine is on this machine, so is the process. Seccomp 2 is a filter: Docker's own.
      assertThat(Files.readString(Path.of("/proc", skiff.inspect("{{.State.Pid}}"), "status")))
          .contains("Uid:\t123456\t", "CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2");
    }
  }

  @Test
  void writesNothing() throws Exception {
    try (var skiff = new Skiff()) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      assertThat(Docker.run("diff", skiff.getContainerId())).isEmpty();
    }
  }

  /** With the health check's process beside it, which counts for the pod. */
  @Test
  void fitsIntoASmallPod() throws Exception {
    try (var skiff =
        new Skiff().restricted().host(host -> host.withMemory(MEMORY).withMemorySwap(MEMORY))) {
      skiff.start();
      for (int round = 0; round < 100; round++) {
        skiff.post("/predict", Skiff.ROW);
        skiff.sample("digits");
        skiff.sample("language");
      }
      awaitHealth(skiff, "healthy");
      assertThat(skiff.inspect("{{.State.OOMKilled}} {{.State.Running}}")).isEqualTo("false true");
    }
  }

  @Test
  void sigtermEndsItWell() {
    try (var skiff = new Skiff()) {
      skiff.start();
      Docker.run("stop", "--time", "20", skiff.getContainerId());
      assertThat(skiff.inspect("{{.State.ExitCode}}")).isEqualTo("0");
      assertThat(skiff.getLogs()).endsWith("stopped\n");
    }
  }

  @Test
  void theProbeSaysHealthy() {
    try (var skiff = new Skiff().command(command -> command.withHealthcheck(everySecond()))) {
      skiff.waitingFor(Wait.forHealthcheck()).start();
      assertThat(skiff.inspect("{{.State.Health.Status}}")).isEqualTo("healthy");
    }
  }

  @Test
  void theProbeSaysUnhealthyWithoutAModel() throws Exception {
    try (var skiff =
        new Skiff()
            .withEnv("SKIFF_MODELS", "/dev/shm")
            .command(command -> command.withHealthcheck(everySecond()))) {
      skiff.waitingFor(Wait.forHttp("/health/live")).start();
      awaitHealth(skiff, "unhealthy");
    }
  }

  @Test
  void servesAFolderThatIsMounted() throws Exception {
    Path model = Files.createDirectories(temporary.resolve("models/mine"));
    Files.copy(Path.of("../models/iris/model.onnx"), model.resolve("model.onnx"));
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
    try (var skiff =
        new Skiff()
            .host(
                host -> host.withBinds(Bind.parse(temporary.resolve("models") + ":/models:ro")))) {
      skiff.start();
      assertThat(skiff.post("/predict/mine", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
    }
  }

  @Test
  void twoLinesMakeAnImageOfYourOwnModel() throws Exception {
    Files.copy(Path.of("../models/iris/model.onnx"), temporary.resolve("model.onnx"));
    Files.writeString(
        temporary.resolve("Dockerfile"),
        "FROM " + ImageUnderTest.name() + "\nCOPY model.onnx /models/\n");
    String image = "skiff:image-test-two-lines-" + ProcessHandle.current().pid();
    Docker.run("build", "--quiet", "--tag", image, temporary.toString());
    try (var skiff = new Skiff(image)) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      assertThat(skiff.post("/predict/model", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
    } finally {
      Docker.run("image", "rm", image);
    }
  }

  @Test
  void aWrongFlagIsRefusedInOneLine() {
    Docker.Result result = Docker.start("run", "--rm", ImageUnderTest.name(), "--no-such-flag");
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat((result.output() + result.errors()).lines())
        .singleElement()
        .asString()
        .contains("--no-such-flag");
  }

  private static void awaitHealth(Skiff skiff, String status) throws InterruptedException {
    while (!skiff.inspect("{{.State.Health.Status}}").equals(status)) {
      TimeUnit.MILLISECONDS.sleep(200);
    }
  }

  /** The image's own probe, more often. */
  private static HealthCheck everySecond() {
    long second = TimeUnit.SECONDS.toNanos(1);
    return new HealthCheck().withInterval(second).withStartPeriod(second / 1000).withRetries(3);
  }
}
