package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Runs the tests of {@code bench/measure} and its neighbours, which are in Python as they are. */
class MeasureIT {
  @Test
  void itsLogicHoldsAgainstStubs() throws IOException, InterruptedException {
    requirePython();
    ProcessBuilder command =
        new ProcessBuilder("python3", "-m", "unittest", "discover", "-s", "src/test/python");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    command.environment().put("JAVA", java);
    Process python = command.redirectErrorStream(true).start();
    python.getOutputStream().close();
    String output = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(python.waitFor()).as(output).isZero();
    assertThat(output).containsPattern("Ran [1-9]\\d* tests").endsWith("OK\n");
  }

  @SuppressWarnings("SystemOut") // a skipped test's reason appears nowhere else
  private static void requirePython() {
    if (Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "python3")))) {
      return;
    }
    String remedy = "the test of bench/measure needs Python 3.11 or later";
    assertThat(System.getenv("CI")).as(remedy).isNotEqualTo("true");
    System.err.println("left out: " + remedy);
    abort(remedy);
  }
}
