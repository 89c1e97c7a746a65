package dev.skiff.server;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What some tests need beside a JDK. A machine that lacks it leaves those tests out and says so;
 * where {@code CI} is {@code true} in the environment, they fail.
 */
final class Tools {
  private Tools() {}

  /** The first of these programs on the path. */
  static Optional<Path> find(List<String> names) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator))
        .flatMap(folder -> names.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Ends the test that needs a program, unless it is there. */
  @SuppressWarnings("SystemOut") // a skipped test's reason appears nowhere else
  static void require(boolean there, String remedy) {
    if (there) {
      return;
    }
    if ("true".equals(System.getenv("CI"))) {
      fail(remedy);
    }
    System.err.println("left out: " + remedy);
    abort(remedy);
  }
}
