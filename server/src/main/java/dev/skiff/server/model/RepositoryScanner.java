package dev.skiff.server.model;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the model repository: {@code <name>/model.onnx} is one version, called 1; {@code
 * <name>/<version>/model.onnx} are several. A lone {@code model.onnx} in the folder itself is
 * served too, under the name {@value #LONE_MODEL}. Folders without a model are passed over, and so
 * are hidden ones and those that cannot be read.
 */
public final class RepositoryScanner {
  static final String FILE = "model.onnx";
  static final String LONE_MODEL = "model";

  private static final Logger log = LoggerFactory.getLogger(RepositoryScanner.class);
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern VERSION = Pattern.compile("[1-9]\\d{0,17}");

  private RepositoryScanner() {}

  /** Whether a model may have this name. */
  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  /**
   * The models in a folder, by name.
   *
   * @throws IOException if the folder itself is not there or cannot be read
   */
  public static List<ScannedModel> scan(Path repository) throws IOException {
    List<ScannedModel> models = new ArrayList<>();
    for (Path folder : folders(repository)) {
      String name = folder.getFileName().toString();
      NavigableMap<Long, Path> versions;
      try {
        versions = versions(folder);
      } catch (IOException e) {
        // Such as lost+found on a volume of its own, which only root may read.
        log.warn("passed over '{}': the folder cannot be read", name);
        continue;
      }
      if (versions.isEmpty()) {
        continue;
      }
      if (isName(name)) {
        models.add(new ScannedModel(name, folder, versions));
      } else {
        log.warn("passed over the model '{}': a name has letters, digits, '.', '_', '-'", name);
      }
    }
    Optional<ScannedModel> lone = lone(repository);
    if (lone.isPresent()) {
      if (models.stream().anyMatch(model -> model.name().equals(LONE_MODEL))) {
        log.warn("passed over {}: there is a folder '{}' with a model too", FILE, LONE_MODEL);
      } else {
        models.add(lone.get());
      }
    }
    models.sort(Comparator.comparing(ScannedModel::name));
    return models;
  }

  /**
   * The model of this name in a folder, if it is there.
   *
   * @throws IOException if the model's folder cannot be read
   */
  static Optional<ScannedModel> scan(Path repository, String name) throws IOException {
    if (!isName(name)) {
      return Optional.empty();
    }
    Path folder = repository.resolve(name);
    if (Files.isDirectory(folder)) {
      NavigableMap<Long, Path> versions = versions(folder);
      if (!versions.isEmpty()) {
        return Optional.of(new ScannedModel(name, folder, versions));
      }
    }
    return name.equals(LONE_MODEL) ? lone(repository) : Optional.empty();
  }

  private static Optional<ScannedModel> lone(Path repository) {
    Path file = repository.resolve(FILE);
    return Files.isRegularFile(file)
        ? Optional.of(new ScannedModel(LONE_MODEL, repository, new TreeMap<>(Map.of(1L, file))))
        : Optional.empty();
  }

  private static NavigableMap<Long, Path> versions(Path folder) throws IOException {
    NavigableMap<Long, Path> versions = new TreeMap<>();
    Path plain = folder.resolve(FILE);
    if (Files.isRegularFile(plain)) {
      versions.put(1L, plain);
    }
    for (Path version : folders(folder)) {
      String name = version.getFileName().toString();
      Path file = version.resolve(FILE);
      if (VERSION.matcher(name).matches() && Files.isRegularFile(file)) {
        versions.put(Long.valueOf(name), file);
      }
    }
    return versions;
  }

  private static List<Path> folders(Path parent) throws IOException {
    List<Path> folders = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent)) {
      for (Path entry : entries) {
        if (Files.isDirectory(entry) && !entry.getFileName().toString().startsWith(".")) {
          folders.add(entry);
        }
      }
    }
    return folders;
  }
}
