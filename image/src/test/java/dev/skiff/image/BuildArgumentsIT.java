package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Bind;
import dev.skiff.image.SavedImage.Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.wait.strategy.Wait;

/** The images that the build arguments make; only the stages that they change are built again. */
@Tag("image")
@Timeout(300)
class BuildArgumentsIT {
  /**
   * The JVM refuses an AOT cache that was made with another kind of object headers; the second one
   * overrides a flag of jvm.options.
   */
  private static final String OPTIONS = "-XX:-UseCompactObjectHeaders -XX:MaxRAMPercentage=41.5";

  @TempDir private Path temporary;

  @Test
  void withoutModelsItWaitsForAFolder() throws Exception {
    String image = "skiff:image-test-no-models-" + ProcessHandle.current().pid();
    ImageUnderTest.build(image, "--build-arg", "WITH_MODELS=no");
    try {
      assertThat(SavedImage.of(image).own().getLast().entries())
          .extracting(Entry::path)
          .containsExactly("/models");
      saysThatItHasNoModel(image);
      servesAMountedFolder(image);
    } finally {
      Docker.run("image", "rm", image);
    }
  }

  private static void saysThatItHasNoModel(String image) {
    try (var skiff = new Skiff(image)) {
      skiff
          .waitingFor(
              Wait.forHttp("/health")
                  .forStatusCode(503)
                  .forResponsePredicate(
                      body ->
                          body.startsWith("{\"status\":\"unavailable\"")
                              && body.endsWith("\"models\":[]}")))
          .start();
      assertThat(skiff.isRunning()).isTrue();
    }
  }

  private void servesAMountedFolder(String image) throws Exception {
    Path model = Files.createDirectories(temporary.resolve("models/mine"));
    Files.copy(Path.of("../models/iris/model.onnx"), model.resolve("model.onnx"));
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
    var folder = Bind.parse(temporary.resolve("models") + ":/models:ro");
    try (var skiff = new Skiff(image).restricted().host(host -> host.withBinds(folder))) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
    }
  }

  @Test
  void labelsSayWhereTheImageComesFrom() {
    String image = "skiff:image-test-labels-" + ProcessHandle.current().pid();
    ImageUnderTest.build(
        image,
        "--build-arg",
        "VERSION=1.2.3",
        "--build-arg",
        "REVISION=5f1e",
        "--build-arg",
        "SOURCE=https://example.org/skiff");
    try {
      String labels = Docker.run("image", "inspect", "--format", "{{json .Config.Labels}}", image);
      assertThat(labels)
          .contains("\"org.opencontainers.image.version\":\"1.2.3\"")
          .contains("\"org.opencontainers.image.revision\":\"5f1e\"")
          .contains("\"org.opencontainers.image.source\":\"https://example.org/skiff\"");
    } finally {
      Docker.run("image", "rm", image);
    }
  }

  /** AOTMode=on ends the JVM if the cache was not made with these very options. */
  @Test
  void optionsReachTheServerAndItsAotCache() throws Exception {
    String image = "skiff:image-test-options-" + ProcessHandle.current().pid();
    ImageUnderTest.build(image, "--build-arg", "JVM_OPTIONS=" + OPTIONS);
    try (var skiff =
        new Skiff(image).withEnv("JAVA_TOOL_OPTIONS", "-XX:AOTMode=on -XX:+PrintFlagsFinal")) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      assertThat(skiff.getLogs().lines().map(line -> line.replaceAll("\\s+", " ")))
          .anyMatch(line -> line.contains(" UseCompactObjectHeaders = false "))
          .anyMatch(line -> line.contains(" MaxRAMPercentage = 41.5"));
    } finally {
      Docker.run("image", "rm", image);
    }
  }

  /** The cache is worth its test only if the image as it is refuses the other headers. */
  @Test
  void anotherLayoutOfObjectsNeedsAnotherAotCache() {
    Docker.Result result =
        Docker.start(
            "run",
            "--rm",
            "--entrypoint",
            "/skiff/jre/bin/java",
            ImageUnderTest.name(),
            "-XX:AOTCache=/skiff/app.aot",
            "-XX:AOTMode=on",
            "@/skiff/jvm.options",
            "-XX:-UseCompactObjectHeaders",
            "-jar",
            "/skiff/skiff.jar",
            "--version");
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.output() + result.errors()).contains("UseCompactObjectHeaders");
  }
}
