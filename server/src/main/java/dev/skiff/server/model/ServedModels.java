package dev.skiff.server.model;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models that are served at one moment. Immutable. */
final class ServedModels {
  private static final Logger log = LoggerFactory.getLogger(ServedModels.class);

  private final Optional<String> chosen;
  private final Optional<String> defaultModel;
  private final SortedMap<String, ServedModel> models;

  private ServedModels(
      Optional<String> chosen,
      Optional<String> defaultModel,
      SortedMap<String, ServedModel> models) {
    this.chosen = chosen;
    this.defaultModel = defaultModel;
    this.models = Collections.unmodifiableSortedMap(models);
  }

  /**
   * These models.
   *
   * @param chosen the default one, if the configuration names it
   */
  static ServedModels of(Optional<String> chosen, SortedMap<String, ServedModel> models) {
    return new ServedModels(chosen, defaultModel(chosen, Optional.empty(), models), models);
  }

  /** The same with another model, or with this one in place of the one of its name. */
  ServedModels with(String name, ServedModel model) {
    SortedMap<String, ServedModel> changed = new TreeMap<>(models);
    changed.put(name, model);
    return new ServedModels(chosen, defaultModel(chosen, defaultModel, changed), changed);
  }

  /** The same without one, which stays the default if it was that: no other answers for it. */
  ServedModels without(String name) {
    SortedMap<String, ServedModel> changed = new TreeMap<>(models);
    changed.remove(name);
    return new ServedModels(chosen, defaultModel, changed);
  }

  /**
   * The model that a path without a name means: the configured one; else the lone model in the
   * folder itself; else the one marked in its {@code model.json}; else the one that it was before;
   * else the only one.
   */
  private static Optional<String> defaultModel(
      Optional<String> chosen, Optional<String> before, SortedMap<String, ServedModel> models) {
    if (chosen.isPresent()) {
      return chosen;
    }
    if (models.containsKey(RepositoryScanner.LONE_MODEL)) {
      return Optional.of(RepositoryScanner.LONE_MODEL);
    }
    List<String> marked = new ArrayList<>();
    models.forEach(
        (name, model) -> {
          if (model.isDefault()) {
            marked.add(name);
          }
        });
    if (marked.size() == 1) {
      return Optional.of(marked.getFirst());
    }
    if (marked.size() > 1) {
      log.warn("more than one model.json says that its model is the default: those of {}", marked);
    }
    return before.or(() -> models.size() == 1 ? Optional.of(models.firstKey()) : Optional.empty());
  }

  /** As {@link ModelRepository#find}. */
  ModelVersion find(Optional<String> name, OptionalLong version) {
    String model =
        name.or(() -> defaultModel)
            .orElseThrow(
                () ->
                    InferenceException.invalid(
                        "name the model in the path, as in /predict/NAME: there is no default among "
                            + models.keySet()));
    ServedModel served = models.get(model);
    if (served == null) {
      throw new InferenceException(
          ErrorCode.NOT_FOUND,
          "there is no model '" + printable(model) + "', only " + models.keySet());
    }
    NavigableMap<Long, ModelVersion> versions = served.versions();
    if (version.isEmpty()) {
      return versions.lastEntry().getValue();
    }
    ModelVersion found = versions.get(version.getAsLong());
    if (found == null) {
      throw new InferenceException(
          ErrorCode.NOT_FOUND,
          "model '%s' has no version %d, only %s"
              .formatted(model, version.getAsLong(), versions.keySet()));
    }
    return found;
  }

  /** A name from a request, fit for a message: short, without control characters. */
  static String printable(String name) {
    String clean = name.replaceAll("\\p{Cc}", "?");
    return clean.length() > 128 ? clean.substring(0, 128) + "..." : clean;
  }

  /** What is served under a name, if there is something. */
  Optional<ServedModel> get(String name) {
    return Optional.ofNullable(models.get(name));
  }

  /** The numbers of a model's versions, in order; none if there is no such model. */
  Collection<Long> versions(String model) {
    return get(model).<Collection<Long>>map(served -> served.versions().keySet()).orElse(List.of());
  }

  /** Every version of every model, by name and number. */
  List<ModelVersion> all() {
    return models.values().stream().flatMap(model -> model.versions().values().stream()).toList();
  }
}
