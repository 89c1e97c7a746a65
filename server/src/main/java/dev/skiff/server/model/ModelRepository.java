package dev.skiff.server.model;

import dev.skiff.server.config.ConfigException;
import dev.skiff.server.config.ModelConfig;
import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfig;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.runtime.ModelLoadException;
import dev.skiff.server.runtime.OnnxRuntime;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models that are served, by name and version. Thread-safe. */
public final class ModelRepository {
  private static final Logger log = LoggerFactory.getLogger(ModelRepository.class);

  private final Optional<String> defaultModel;
  private final SortedMap<String, NavigableMap<Long, ModelVersion>> models;
  private final List<Load> loads;
  private volatile boolean loadsNoMore;

  /** A version that waits to be loaded. */
  private record Load(ScannedModel model, ModelConfig config, ModelVersion version) {}

  private ModelRepository(
      Optional<String> defaultModel,
      SortedMap<String, NavigableMap<Long, ModelVersion>> models,
      List<Load> loads) {
    this.defaultModel = defaultModel;
    this.models = Collections.unmodifiableSortedMap(models);
    this.loads = List.copyOf(loads);
  }

  /**
   * Finds the models in the folder. None is loaded yet.
   *
   * @throws ConfigException if the folder cannot be read or the default model is not in it
   */
  public static ModelRepository scan(RepositoryConfig config, RuntimeConfig defaults) {
    List<ScannedModel> scanned;
    try {
      scanned = RepositoryScanner.scan(config.folder());
    } catch (IOException e) {
      throw new ConfigException("the model repository " + config.folder() + " cannot be read");
    }
    SortedMap<String, NavigableMap<Long, ModelVersion>> models = new TreeMap<>();
    List<Load> loads = new ArrayList<>();
    List<String> marked = new ArrayList<>();
    for (ScannedModel model : scanned) {
      NavigableMap<Long, ModelVersion> versions = new TreeMap<>();
      try {
        ModelConfig modelConfig = ModelConfig.read(model.folder().resolve("model.json"), defaults);
        if (modelConfig.isDefault()) {
          marked.add(model.name());
        }
        for (long number : wanted(modelConfig.versions(), model)) {
          ModelVersion version = new ModelVersion(model.name(), number);
          versions.put(number, version);
          loads.add(new Load(model, modelConfig, version));
        }
      } catch (ConfigException e) {
        long highest = model.versions().lastKey();
        ModelVersion version = new ModelVersion(model.name(), highest);
        version.fail(e.line());
        versions.put(highest, version);
      }
      models.put(model.name(), Collections.unmodifiableNavigableMap(versions));
    }
    return new ModelRepository(defaultModel(config, models.keySet(), marked), models, loads);
  }

  /**
   * The model that a path without a name means: the configured one; else the lone model in the
   * folder itself; else the one marked in its {@code model.json}; else the only one.
   */
  private static Optional<String> defaultModel(
      RepositoryConfig config, Set<String> names, List<String> marked) {
    if (config.defaultModel().isPresent()) {
      String name = config.defaultModel().get();
      if (!names.contains(name)) {
        throw new ConfigException(
            "the default model '%s' is not in %s, which has %s"
                .formatted(name, config.folder(), names));
      }
      return Optional.of(name);
    }
    if (names.contains(RepositoryScanner.LONE_MODEL)) {
      return Optional.of(RepositoryScanner.LONE_MODEL);
    }
    if (marked.size() == 1) {
      return Optional.of(marked.getFirst());
    }
    return names.size() == 1 ? Optional.of(names.iterator().next()) : Optional.empty();
  }

  private static Collection<Long> wanted(ModelConfig.VersionPolicy policy, ScannedModel model) {
    return switch (policy) {
      case ModelConfig.VersionPolicy.Latest() -> List.of(model.versions().lastKey());
      case ModelConfig.VersionPolicy.All() -> model.versions().keySet();
      case ModelConfig.VersionPolicy.Only(var versions) -> versions;
    };
  }

  /**
   * Loads and warms every model, as many at a time as there are CPUs. A model that cannot be loaded
   * becomes unavailable; the others serve.
   *
   * @param runtime gives ONNX Runtime, which may still be on its way
   * @return done when each one is ready or unavailable
   */
  public CompletableFuture<Void> load(Supplier<OnnxRuntime> runtime) {
    int threads = Math.max(1, Math.min(loads.size(), Runtime.getRuntime().availableProcessors()));
    ExecutorService executor =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("model-loader-", 0).factory());
    CompletableFuture<?>[] tasks =
        loads.stream()
            .map(load -> CompletableFuture.runAsync(() -> load(runtime, load), executor))
            .toArray(CompletableFuture<?>[]::new);
    executor.shutdown();
    return CompletableFuture.allOf(tasks);
  }

  /** Loads no more models than those that are being loaded. Returns at once. */
  public void loadNoMore() {
    loadsNoMore = true;
  }

  private void load(Supplier<OnnxRuntime> runtime, Load load) {
    if (loadsNoMore) {
      load.version().fail("the server is stopping");
      return;
    }
    String name = load.model().name();
    long number = load.version().version();
    long start = System.nanoTime();
    try {
      load.version()
          .publish(
              ModelLoader.load(
                  runtime.get(), load.model(), number, load.config(), load.version()::ran));
      log.info(
          "model '{}' version {} is ready after {} ms",
          name,
          number,
          (System.nanoTime() - start) / 1_000_000);
    } catch (ModelLoadException e) {
      load.version().fail(e.reason());
      log.error("model '{}' version {} is unavailable: {}", name, number, e.reason());
      log.debug("what ONNX Runtime said of it", e);
    } catch (RuntimeException | LinkageError e) {
      load.version().fail("it failed to load; the log says why");
      log.error("model '{}' version {} failed to load", name, number, e);
    }
  }

  /**
   * A lease on a model's version.
   *
   * @param name the model, or none for the default one
   * @param version the version, or none for the highest one served
   * @throws InferenceException NOT_FOUND, NOT_READY, or INVALID_ARGUMENT if no name is given and
   *     there is no default
   */
  public ModelVersion.Lease acquire(Optional<String> name, OptionalLong version) {
    return find(name, version).acquire();
  }

  /** The version that such a request means, in whatever state it is. Throws as {@link #acquire}. */
  public ModelVersion find(Optional<String> name, OptionalLong version) {
    String model =
        name.or(() -> defaultModel)
            .orElseThrow(
                () ->
                    InferenceException.invalid(
                        "name the model in the path, as in /predict/NAME: there is no default among "
                            + names()));
    NavigableMap<Long, ModelVersion> versions = models.get(model);
    if (versions == null) {
      throw new InferenceException(
          ErrorCode.NOT_FOUND, "there is no model '" + printable(model) + "', only " + names());
    }
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
  private static String printable(String name) {
    String clean = name.replaceAll("\\p{Cc}", "?");
    return clean.length() > 128 ? clean.substring(0, 128) + "..." : clean;
  }

  private Collection<String> names() {
    return models.keySet();
  }

  /**
   * The numbers of a model's versions that are served, in order; none if there is no such model.
   */
  public Collection<Long> versions(String model) {
    NavigableMap<Long, ModelVersion> versions = models.get(model);
    return versions == null ? List.of() : versions.keySet();
  }

  /** Every version of every model, by name and number. */
  public List<ModelVersion> all() {
    return models.values().stream().flatMap(versions -> versions.values().stream()).toList();
  }

  /** The execution providers that models run on now, such as "cpu" or "cpu, cuda". */
  public String providers() {
    return all().stream()
        .flatMap(version -> version.placement().stream())
        .map(Placement::provider)
        .distinct()
        .sorted()
        .collect(Collectors.joining(", "));
  }

  /** The GPUs that models run on now, counted from 0, each once. */
  public int[] devices() {
    return all().stream()
        .flatMap(version -> version.placement().stream())
        .flatMapToInt(placement -> placement.device().stream())
        .distinct()
        .toArray();
  }

  /**
   * The versions that are ready, for requests that are not to be counted: nobody is told of their
   * runs, and slow models repeat their first answers. They stay until the repository that this
   * returns is closed.
   */
  public ModelRepository rehearsed() {
    SortedMap<String, NavigableMap<Long, ModelVersion>> copies = new TreeMap<>();
    for (ModelVersion version : all()) {
      Optional<ModelVersion> copy = version.rehearsed();
      if (copy.isPresent()) {
        copies
            .computeIfAbsent(version.model(), name -> new TreeMap<>())
            .put(version.version(), copy.get());
      }
    }
    return new ModelRepository(Optional.empty(), copies, List.of());
  }

  /**
   * Ends all models: each waits for the requests that hold a lease on it, then is freed.
   *
   * @param patience for all of them together, in milliseconds
   * @return whether all could be freed
   */
  public boolean close(long patience) {
    long end = System.nanoTime() + patience * 1_000_000;
    boolean clean = true;
    for (ModelVersion version : all()) {
      clean &= version.retire(Math.max(0, (end - System.nanoTime()) / 1_000_000));
    }
    return clean;
  }
}
