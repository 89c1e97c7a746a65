package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The script image/scan, with scanners that only say how they were called. */
class ScanTest {
  private static final String TRIVY =
      "trivy image --scanners vuln --severity HIGH,CRITICAL --ignore-unfixed --exit-code 2 a:b";
  private static final String GRYPE = "grype a:b --only-fixed --fail-on high";
  private static final String SCOUT =
      "docker scout cves --only-severity critical,high --only-fixed --exit-code a:b";

  private record Outcome(int exitCode, List<String> lines) {}

  @TempDir private Path path;

  @Test
  void takesTrivyFirst() throws Exception {
    scanner("trivy", 0);
    scanner("grype", 0);
    scanner("docker", 0);
    assertThat(scan("a:b")).isEqualTo(new Outcome(0, List.of(TRIVY)));
  }

  @Test
  void takesGrypeWithoutTrivy() throws Exception {
    scanner("grype", 0);
    scanner("docker", 0);
    assertThat(scan("a:b")).isEqualTo(new Outcome(0, List.of(GRYPE)));
  }

  @Test
  void takesDockerScoutWithoutBoth() throws Exception {
    scanner("docker", 0);
    assertThat(scan("a:b")).isEqualTo(new Outcome(0, List.of(SCOUT)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"trivy", "grype", "docker"})
  void failsAsTheScannerDoes(String name) throws Exception {
    scanner(name, 2);
    assertThat(scan("a:b").exitCode()).isEqualTo(2);
  }

  @Test
  void saysWhatToInstallWhereThereIsNone() throws Exception {
    Outcome outcome = scan("a:b");
    assertThat(outcome.exitCode()).isEqualTo(3);
    assertThat(outcome.lines())
        .containsExactly(
            "image/scan: a:b was not scanned: there is no trivy, no grype and no docker scout on"
                + " the PATH; install one of them");
  }

  @Test
  void aDockerWithoutScoutIsNoScanner() throws Exception {
    executable("docker", "exit 1");
    assertThat(scan("a:b").exitCode()).isEqualTo(3);
  }

  @Test
  void scansTheImageOfTheReadmeByDefault() throws Exception {
    scanner("grype", 0);
    assertThat(scan().lines()).containsExactly(GRYPE.replace("a:b", "skiff:cpu"));
  }

  private Outcome scan(String... arguments) throws Exception {
    var builder =
        new ProcessBuilder(
                Stream.concat(
                        Stream.of("/bin/sh", Path.of("scan").toAbsolutePath().toString()),
                        Stream.of(arguments))
                    .toList())
            .redirectErrorStream(true);
    builder.environment().put("PATH", path.toString());
    builder.environment().remove("DOCKER");
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Outcome(process.waitFor(), output.lines().toList());
  }

  /** Prints its command line and exits; asked for its version, it says nothing. */
  private void scanner(String name, int exitCode) throws IOException {
    executable(
        name, "[ \"$2\" = version ] && exit 0\necho \"%s $*\"\nexit %d".formatted(name, exitCode));
  }

  private void executable(String name, String body) throws IOException {
    Path file = Files.writeString(path.resolve(name), "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
