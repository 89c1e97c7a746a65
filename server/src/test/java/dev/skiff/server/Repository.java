package dev.skiff.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Model repositories for tests. */
public final class Repository {
  /** The models that Skiff comes with. */
  public static final Path SHIPPED = Path.of("../models").toAbsolutePath().normalize();

  private static final Path FIXTURES = Path.of("src/test/fixtures").toAbsolutePath();

  private Repository() {}

  /** Copies these of the tests' models into a folder. */
  public static Path of(Path folder, String... fixtures) throws IOException {
    for (String fixture : fixtures) {
      copy(FIXTURES.resolve(fixture), folder.resolve(fixture));
    }
    return folder;
  }

  /** Copies the models that Skiff comes with into a folder. */
  public static void addShipped(Path folder) throws IOException {
    for (String model : new String[] {"iris", "digits", "language"}) {
      copy(SHIPPED.resolve(model), folder.resolve(model));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }
}
