package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code -Pimage} says where nothing can build an image. */
class DockerTest {
  private record Outcome(int exitCode, String output) {}

  @TempDir private Path path;

  @Test
  void withoutDockerItSaysWhatIsNeeded() throws Exception {
    Outcome outcome = check();
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.output())
        .startsWith("The image tests need a running Docker engine and a docker client that can")
        .contains("Start Docker, or name the client in the environment variable DOCKER")
        .endsWith("no docker on the PATH\n");
  }

  @Test
  void itTellsWhyAClientCannotBuild() throws Exception {
    Path docker =
        Files.writeString(path.resolve("docker"), "#!/bin/sh\necho no engine >&2\nexit 1\n");
    Files.setPosixFilePermissions(docker, PosixFilePermissions.fromString("rwxr-xr-x"));
    Outcome outcome = check();
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.output()).endsWith("Tried:\n  " + docker + ": no engine\n");
  }

  @Test
  void aClientThatBuildsWillDo() throws Exception {
    Path docker = Files.writeString(path.resolve("docker"), "#!/bin/sh\nexit 0\n");
    Files.setPosixFilePermissions(docker, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(check()).isEqualTo(new Outcome(0, "image tests with " + docker + "\n"));
  }

  private Outcome check() throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-cp",
                "target/test-classes",
                Docker.class.getName())
            .redirectErrorStream(true);
    builder.environment().put("PATH", path.toString());
    builder.environment().remove("DOCKER");
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Outcome(process.waitFor(), output);
  }
}
