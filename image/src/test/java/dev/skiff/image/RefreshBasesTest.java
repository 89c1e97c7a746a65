package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script image/refresh-bases, on a copy of the Dockerfile and with a docker of our own. */
class RefreshBasesTest {
  private static final Path DOCKERFILE = Path.of("../Dockerfile.cpu");
  private static final String PINNED = "ARG [A-Z]+_IMAGE=[a-z/]+:[\\w.-]+@sha256:[0-9a-f]{64}";
  private static final String NEW = "sha256:" + "0123456789abcdef".repeat(4);

  @TempDir private Path root;

  @BeforeEach
  void copy() throws IOException {
    Files.copy(DOCKERFILE, root.resolve("Dockerfile.cpu"));
    Path image = Files.createDirectory(root.resolve("image"));
    Files.copy(Path.of("refresh-bases"), image.resolve("refresh-bases"));
  }

  @Test
  void bothBasesArePinnedByTheirDigestInOnePlace() throws IOException {
    List<String> lines = Files.readAllLines(DOCKERFILE);
    assertThat(lines).filteredOn(line -> line.contains("sha256:")).hasSize(2);
    assertThat(lines)
        .filteredOn(line -> line.matches("ARG \\w+_IMAGE=.*"))
        .hasSize(2)
        .allMatch(line -> line.matches(PINNED));
    assertThat(lines)
        .filteredOn(line -> line.startsWith("FROM "))
        .isNotEmpty()
        .allMatch(line -> line.matches("FROM (\\$\\{\\w+}|[a-z]+) AS [a-z]+"), "by name only");
  }

  @Test
  void thoseOfTheImageForGpusArePinnedAndTheSharedOnesAreTheSame() throws IOException {
    List<String> bases =
        Files.readAllLines(Path.of("../Dockerfile.gpu")).stream()
            .filter(line -> line.matches("ARG \\w+_IMAGE=.*"))
            .toList();
    assertThat(bases).hasSize(4).allMatch(line -> line.matches(PINNED));
    assertThat(bases)
        .containsAll(
            Files.readAllLines(DOCKERFILE).stream()
                .filter(line -> line.matches("ARG \\w+_IMAGE=.*"))
                .toList());
  }

  @Test
  void writesDownTheDigestsOfWhatItPulled() throws Exception {
    docker("echo \"registry/name@" + NEW + "\"");
    assertThat(refresh()).isZero();
    List<String> before = Files.readAllLines(DOCKERFILE);
    List<String> after = Files.readAllLines(root.resolve("Dockerfile.cpu"));
    assertThat(after)
        .isEqualTo(
            before.stream()
                .map(line -> line.replaceAll("@sha256:[0-9a-f]{64}", "@" + NEW))
                .toList())
        .filteredOn(line -> line.endsWith("@" + NEW))
        .hasSize(2);
    assertThat(Files.readAllLines(root.resolve("calls")))
        .filteredOn(call -> call.startsWith("pull "))
        .containsExactlyInAnyOrder(
            "pull --quiet debian:trixie-slim", "pull --quiet maven:3.9-eclipse-temurin-25");
  }

  @Test
  void anImageThatIsOfNoRegistryHasNoDigest() throws Exception {
    docker("echo");
    assertThat(refresh()).isEqualTo(1);
    assertThat(output()).contains("debian:trixie-slim has no digest; was it pulled");
    assertUnchanged();
  }

  @Test
  void aPullThatFailsChangesNothing() throws Exception {
    docker("exit 1");
    assertThat(refresh()).isNotZero();
    assertUnchanged();
  }

  private void assertUnchanged() throws IOException {
    assertThat(root.resolve("Dockerfile.cpu")).hasSameTextualContentAs(DOCKERFILE);
  }

  /** A docker that writes down how it was called, and answers with the output of a command. */
  private void docker(String answer) throws IOException {
    Path file =
        Files.writeString(
            root.resolve("docker"),
            "#!/bin/sh\necho \"$*\" >>%s\n%s\n".formatted(root.resolve("calls"), answer));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private int refresh() throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder("bash", root.resolve("image/refresh-bases").toString())
            .redirectErrorStream(true)
            .redirectOutput(root.resolve("output").toFile());
    builder.environment().put("DOCKER", root.resolve("docker").toString());
    return builder.start().waitFor();
  }

  private String output() throws IOException {
    return Files.readString(root.resolve("output"), UTF_8);
  }
}
