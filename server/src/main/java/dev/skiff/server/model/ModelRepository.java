package dev.skiff.server.model;

import dev.skiff.server.config.ConfigException;
import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfig;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.runtime.OnnxRuntime;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The models that are served, by name and version. A request sees them as they are at one moment,
 * whatever a {@link ModelControl} changes meanwhile. Thread-safe.
 */
public final class ModelRepository {
  private final List<Load> loads;
  private volatile ServedModels served;
  private volatile boolean loadsNoMore;

  /** A version that waits to be loaded. */
  private record Load(WantedModel model, ModelVersion version) {}

  private ModelRepository(ServedModels served, List<Load> loads) {
    this.served = served;
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
      throw new ConfigException(
          "the model repository " + config.folder() + " " + ConfigException.unreadable(e));
    }
    SortedMap<String, ServedModel> models = new TreeMap<>();
    List<Load> loads = new ArrayList<>();
    for (ScannedModel model : scanned) {
      NavigableMap<Long, ModelVersion> versions = new TreeMap<>();
      boolean isDefault = false;
      try {
        WantedModel wanted = WantedModel.read(model, defaults);
        isDefault = wanted.config().isDefault();
        for (long number : wanted.versions()) {
          ModelVersion version = new ModelVersion(model.name(), number);
          versions.put(number, version);
          loads.add(new Load(wanted, version));
        }
      } catch (ConfigException e) {
        long highest = model.versions().lastKey();
        ModelVersion version = new ModelVersion(model.name(), highest);
        version.fail(e.line());
        versions.put(highest, version);
      }
      models.put(model.name(), new ServedModel(isDefault, versions));
    }
    config
        .defaultModel()
        .filter(name -> !models.containsKey(name))
        .ifPresent(
            name -> {
              throw new ConfigException(
                  "the default model '%s' is not in %s, which has %s"
                      .formatted(name, config.folder(), models.keySet()));
            });
    return new ModelRepository(ServedModels.of(config.defaultModel(), models), loads);
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
    } else {
      load.model().load(runtime, load.version());
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
    ModelVersion found = find(name, version);
    while (true) {
      try {
        return found.acquire();
      } catch (InferenceException e) {
        // It may have been retired between the two: then another has its place by now, or none.
        ModelVersion now = find(name, version);
        if (now == found) {
          throw e;
        }
        found = now;
      }
    }
  }

  /** The version that such a request means, in whatever state it is. Throws as {@link #acquire}. */
  public ModelVersion find(Optional<String> name, OptionalLong version) {
    return served.find(name, version);
  }

  /** The version of this number, if it is served. */
  public Optional<ModelVersion> served(String model, long version) {
    return served.get(model).map(found -> found.versions().get(version));
  }

  /**
   * The numbers of a model's versions that are served, in order; none if there is no such model.
   */
  public Collection<Long> versions(String model) {
    return served.versions(model);
  }

  /** Every version of every model, by name and number. */
  public List<ModelVersion> all() {
    return served.all();
  }

  /**
   * Has this served from now on, in place of what was before.
   *
   * @return what was before; nobody finds it any more
   */
  synchronized Optional<ServedModel> put(String name, ServedModel model) {
    Optional<ServedModel> before = served.get(name);
    served = served.with(name, model);
    return before;
  }

  /**
   * Has this not served any more.
   *
   * @return what was; nobody finds it any more
   */
  synchronized Optional<ServedModel> remove(String name) {
    Optional<ServedModel> before = served.get(name);
    served = served.without(name);
    return before;
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

  /**
   * The versions that are ready, for requests that are not to be counted as others are: nobody is
   * told of their runs who does not ask for that here, and slow models repeat their first answers.
   * They stay until the repository that this returns is closed.
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
    SortedMap<String, ServedModel> models = new TreeMap<>();
    copies.forEach((name, versions) -> models.put(name, new ServedModel(false, versions)));
    return new ModelRepository(ServedModels.of(Optional.empty(), models), List.of());
  }

  /**
   * Ends all models: each waits for the requests that hold a lease on it, then is freed. When
   * patience ends before, requests that still wait for their turn are refused.
   *
   * @param patience for all of them together, in milliseconds
   * @return whether all could be freed
   */
  public boolean close(long patience) {
    long end = System.nanoTime() + patience * 1_000_000;
    boolean clean = true;
    for (ModelVersion version : all()) {
      boolean freed = version.retire(Math.max(0, (end - System.nanoTime()) / 1_000_000));
      if (!freed) {
        version.refuseThoseThatWait();
      }
      clean &= freed;
    }
    return clean;
  }
}
