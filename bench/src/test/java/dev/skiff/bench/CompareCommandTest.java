package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Compares the rows that the project keeps. */
class CompareCommandTest {
  private static final Path KEPT = Path.of("results");

  private static List<Result> row(String name) throws IOException {
    return Result.read(KEPT.resolve(name + ".json"));
  }

  @Test
  void aKeptRowIsTheSameAsItself() throws IOException {
    List<Result> row = row("rust-axum-ort");

    String text = CompareCommand.text(row, row);

    assertThat(text.lines().filter(line -> line.startsWith("rate  B is")))
        .hasSize(2)
        .allMatch(line -> line.startsWith("rate  B is the same: 1.000 (95 %: "), text);
    assertThat(text.lines().filter(line -> line.contains("against") && line.contains("runs")))
        .containsExactly(
            "skiff against skiff: ratios of B to A, %1$d and %1$d runs".formatted(row.size() / 2),
            "rust-axum-ort against rust-axum-ort: ratios of B to A, %1$d and %1$d runs"
                .formatted(row.size() / 2));
    assertThat(text).doesNotContain("differ");
  }

  @Test
  void onlyLikeNamedRunsAreCompared() throws IOException {
    assertThat(CompareCommand.text(row("rust-axum-ort"), row("litserve")))
        .contains("skiff against skiff")
        .doesNotContain("rust", "litserve");
    List<Result> batching = row("batching");
    List<Result> binary = row("binary");
    assertThatThrownBy(() -> CompareCommand.text(batching, binary))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** What is about one run in the JVM, about the soak or about leaks has no run of a load test. */
  @Test
  void everyKeptRowWithLoadCanBeRead() throws IOException {
    try (Stream<Path> files = Files.list(KEPT)) {
      for (Path file : files.filter(it -> it.toString().endsWith(".json")).toList()) {
        if (Files.readString(file).contains("\"requestsPerSecond\"")) {
          assertThat(Result.read(file)).as(file.toString()).isNotEmpty();
        }
      }
    }
  }
}
