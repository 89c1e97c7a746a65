package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.JavaProcess;
import dev.skiff.server.Repository;
import dev.skiff.server.SkiffProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ONNX Runtime's telemetry: what it does to a process, and that it does not do it to ours. */
final class TelemetryGuardIT {
  /**
   * This fails when ONNX Runtime has mended its telemetry. Then the crash is no reason for the
   * guard any more, though the next test's files may still be.
   */
  @Test
  void withoutTheGuardALongCommandLineIsACrash(@TempDir Path home) throws Exception {
    try (JavaProcess process = unguarded(home, longCommandLine())) {
      assertThat(process.awaitExit()).as(process::toString).isEqualTo(128 + 11); // SIGSEGV
      assertThat(process.out()).contains(UnguardedMain.BEFORE).doesNotContain(UnguardedMain.AFTER);
    }
  }

  @Test
  void withoutTheGuardItWritesIntoTheHomeFolder(@TempDir Path home) throws Exception {
    try (JavaProcess process = unguarded(home, List.of())) {
      assertThat(process.awaitExit()).as(process::toString).isZero();
      assertThat(process.out()).contains(UnguardedMain.AFTER);
      assertThat(files(home)).isNotEmpty();
    }
  }

  /** The server's process gets the variable from nobody but the guard, or gets a wrong value. */
  @ParameterizedTest
  @ValueSource(strings = {"", "0"})
  void withTheGuardTheServerAnswersAndWritesNothing(
      String value, @TempDir Path home, @TempDir Path models) throws Exception {
    Map<String, String> environment =
        value.isEmpty()
            ? Map.of("HOME", home.toString())
            : Map.of("HOME", home.toString(), TelemetryGuard.VARIABLE, value);
    try (SkiffProcess server =
        SkiffProcess.serve(
            environment, longCommandLine(), Repository.of(models, "identity-fp32"))) {
      assertThat(server.post("/predict", "[1, 2, 3]").body())
          .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).isZero();
      assertThat(server.process().err()).isEmpty();
      assertThat(files(home)).isEmpty();
    }
  }

  private static JavaProcess unguarded(Path home, List<String> options) throws IOException {
    List<String> arguments = new ArrayList<>(options);
    String runtime =
        Path.of(System.getProperty("skiff.home"), "lib").toAbsolutePath().toString() + "/*";
    arguments.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=" + home.resolve("crash.log"),
            "-cp",
            "target/test-classes:" + runtime,
            UnguardedMain.class.getName()));
    return JavaProcess.start(Map.of("HOME", home.toString()), arguments);
  }

  /** Options of more than 4 KiB, which change nothing. */
  private static List<String> longCommandLine() {
    List<String> options = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      options.add("-Dskiff.test.long." + i + "=" + "x".repeat(80));
    }
    return options;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }
}
