package dev.skiff.server.model;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/** Every version that is served or lies in the model repository, and its state. Thread-safe. */
public final class ModelIndex {
  private static final Comparator<Id> ORDER =
      Comparator.comparing(Id::model).thenComparingLong(Id::version);

  private final ModelRepository repository;
  private final Path folder;

  /** What is known of versions that are not served. */
  private final Map<Id, ModelState> unserved = new ConcurrentHashMap<>();

  private record Id(String model, long version) {}

  /** One version. */
  public record Entry(String model, long version, ModelState state) {}

  ModelIndex(ModelRepository repository, Path folder) {
    this.repository = repository;
    this.folder = folder;
  }

  void isServed(String model, long version) {
    unserved.remove(new Id(model, version));
  }

  /** It is on its way, perhaps beside one of its number that serves. */
  void isLoading(String model, long version) {
    unserved.put(new Id(model, version), new ModelState.Loading());
  }

  void isNotServed(String model, long version, String reason) {
    unserved.put(new Id(model, version), new ModelState.Unavailable(reason));
  }

  /**
   * All of them, by name and number.
   *
   * @throws InferenceException INTERNAL if the folder cannot be read
   */
  public List<Entry> entries() {
    SortedMap<Id, ModelState> states = new TreeMap<>(ORDER);
    for (ScannedModel model : scan()) {
      for (long number : model.versions().keySet()) {
        Id id = new Id(model.name(), number);
        states.put(id, unserved.getOrDefault(id, new ModelState.Unavailable("not loaded")));
      }
    }
    // What was there once and is not any more has nothing to be told.
    unserved.keySet().removeIf(id -> !states.containsKey(id));
    for (ModelVersion version : repository.all()) {
      states.put(new Id(version.model(), version.version()), version.state());
    }
    return states.entrySet().stream()
        .map(entry -> new Entry(entry.getKey().model(), entry.getKey().version(), entry.getValue()))
        .toList();
  }

  private List<ScannedModel> scan() {
    try {
      return RepositoryScanner.scan(folder);
    } catch (IOException e) {
      throw new InferenceException(ErrorCode.INTERNAL, "the model repository cannot be read");
    }
  }
}
