package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What .dockerignore lets into the build of the images, as Docker itself reads it. */
@Tag("image")
class ContextIT {
  /** Globs, one a line; the models are three folders of the same kind. */
  private static final Path PATTERNS = Path.of("src/test/resources/context.txt");

  @TempDir private Path temporary;

  @Test
  void theContextHoldsWhatTheListSaysAndNothingElse() throws IOException {
    Path dockerfile =
        Files.writeString(temporary.resolve("Dockerfile"), "FROM scratch\nCOPY . /\n");
    Path out = temporary.resolve("context");
    Docker.run(
        "build", "--quiet", "--file", dockerfile.toString(), "--output", out.toString(), "..");

    List<String> patterns = Files.readAllLines(PATTERNS);
    List<Path> files;
    try (var paths = Files.walk(out)) {
      files = paths.filter(Files::isRegularFile).map(out::relativize).sorted().toList();
    }
    assertThat(files)
        .as("what enters the build; if this is meant, change %s", PATTERNS)
        .allMatch(file -> patterns.stream().anyMatch(pattern -> glob(pattern).matches(file)));
    assertThat(patterns)
        .isNotEmpty()
        .allMatch(pattern -> files.stream().anyMatch(glob(pattern)::matches));
  }

  private static PathMatcher glob(String pattern) {
    return FileSystems.getDefault().getPathMatcher("glob:" + pattern);
  }
}
