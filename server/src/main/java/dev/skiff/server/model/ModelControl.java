package dev.skiff.server.model;

import dev.skiff.server.config.ConfigException;
import dev.skiff.server.config.RuntimeConfig;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.runtime.OnnxRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads, reloads and unloads the models of a server that runs, one at a time, on the calling
 * thread. What is new is loaded and warmed beside what serves, takes its place at once, and what
 * served is freed when its last request is answered. So no request fails for a reload, and for a
 * moment there is memory for both. Thread-safe.
 */
public final class ModelControl {
  private static final Logger log = LoggerFactory.getLogger(ModelControl.class);

  /** Operations at a time, those that wait among them: each holds a thread. */
  private static final int PLACES = 4;

  private final ModelRepository repository;
  private final Path folder;
  private final RuntimeConfig defaults;
  private final Supplier<OnnxRuntime> runtime;
  private final Observer observer;
  private final long patience;
  private final ModelIndex index;

  private final Semaphore places = new Semaphore(PLACES);
  private final Lock turn = new ReentrantLock();
  private volatile boolean stopped;

  /** Whoever keeps account of the models. Told by the thread of an operation. */
  public interface Observer {
    /** An operation is about to begin, and does when this returns. */
    void begins();

    /** A version that was loaded is about to be served, perhaps in place of one of its number. */
    void comes(ModelVersion version);

    /** No version of this number is served any more. */
    void goes(String model, long version);
  }

  /**
   * Control over the models of a repository.
   *
   * @param folder where the repository was read from, and models are read again
   * @param defaults what a model's {@code model.json} may leave out
   * @param patience how long an operation waits for the requests of a model that has gone
   */
  public ModelControl(
      ModelRepository repository,
      Path folder,
      RuntimeConfig defaults,
      Supplier<OnnxRuntime> runtime,
      Observer observer,
      Duration patience) {
    this.repository = repository;
    this.folder = folder;
    this.defaults = defaults;
    this.runtime = runtime;
    this.observer = observer;
    this.patience = patience.toMillis();
    this.index = new ModelIndex(repository, folder);
  }

  /**
   * Reads a model's folder anew and serves it as it is now. Returns when what it replaces is freed,
   * or patience has ended.
   *
   * @return the versions that are served now
   * @throws InferenceException NOT_FOUND if there is no such model, LOAD_FAILED if it cannot be
   *     loaded, and then what served before goes on; OVERLOADED if too many operations wait,
   *     NOT_READY if the server is stopping
   */
  public Collection<Long> load(String name) {
    return inTurn(
        () -> {
          WantedModel wanted = wanted(name);
          NavigableMap<Long, ModelVersion> versions = loaded(wanted);
          versions.values().forEach(observer::comes);
          Optional<ServedModel> before =
              repository.put(name, new ServedModel(wanted.config().isDefault(), versions));
          versions.keySet().forEach(number -> index.isServed(name, number));
          before.ifPresent(old -> retire(old, versions.keySet()));
          return versions.keySet();
        });
  }

  /**
   * Serves a model no more. Returns when it is freed, or patience has ended; nothing is done for
   * one that is in its folder, but not served.
   *
   * @throws InferenceException NOT_FOUND if there is no such model; OVERLOADED or NOT_READY as
   *     {@link #load}
   */
  public void unload(String name) {
    inTurn(
        () -> {
          Optional<ServedModel> before = repository.remove(name);
          if (before.isEmpty() && scan(name).isEmpty()) {
            throw unknown(name);
          }
          before.ifPresent(model -> retire(model, Set.of()));
          return before;
        });
  }

  /** What there is. */
  public ModelIndex index() {
    return index;
  }

  /** Refuses operations from now on, those that wait among them. */
  public void stop() {
    stopped = true;
  }

  /**
   * Waits, once they are refused, for the operation that is under way: the native code of a load
   * cannot be told to end.
   *
   * @param nanos how long to wait
   * @return whether it has ended
   */
  public boolean awaitLast(long nanos) {
    try {
      boolean ended = turn.tryLock(nanos, TimeUnit.NANOSECONDS);
      if (ended) {
        turn.unlock();
      }
      return ended;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private <T> T inTurn(Supplier<T> operation) {
    if (!places.tryAcquire()) {
      throw new InferenceException(
          ErrorCode.OVERLOADED, PLACES + " other operations on models are under way or wait");
    }
    turn.lock();
    try {
      if (stopped) {
        throw new InferenceException(ErrorCode.NOT_READY, "the server is stopping");
      }
      observer.begins();
      return operation.get();
    } finally {
      turn.unlock();
      places.release();
    }
  }

  private WantedModel wanted(String name) {
    ScannedModel scanned =
        scan(name)
            .orElseThrow(
                () ->
                    repository.versions(name).isEmpty()
                        ? unknown(name)
                        : failed("model '" + name + "'", name, "it is not in its folder any more"));
    try {
      return WantedModel.read(scanned, defaults);
    } catch (ConfigException e) {
      index.isNotServed(name, scanned.versions().lastKey(), e.line());
      throw failed("model '" + name + "'", name, e.line());
    }
  }

  private Optional<ScannedModel> scan(String name) {
    try {
      return RepositoryScanner.scan(folder, name);
    } catch (IOException e) {
      throw failed("model '" + name + "'", name, "its folder cannot be read");
    }
  }

  /** All versions that are wanted, or none. */
  private NavigableMap<Long, ModelVersion> loaded(WantedModel wanted) {
    String name = wanted.scanned().name();
    NavigableMap<Long, ModelVersion> versions = new TreeMap<>();
    boolean whole = false;
    try {
      for (long number : wanted.versions()) {
        index.isLoading(name, number);
        ModelVersion version = new ModelVersion(name, number);
        versions.put(number, version);
        wanted.load(runtime, version);
        if (version.state() instanceof ModelState.Unavailable(String reason)) {
          versions.remove(number);
          index.isNotServed(name, number, reason);
          throw failed("model '%s' version %d".formatted(name, number), name, reason);
        }
      }
      whole = true;
      return versions;
    } finally {
      if (!whole) {
        versions.forEach(
            (number, version) -> {
              index.isNotServed(name, number, "not loaded");
              version.retire(0);
            });
      }
    }
  }

  private void retire(ServedModel model, Set<Long> kept) {
    long end = System.nanoTime() + patience * 1_000_000;
    for (ModelVersion version : model.versions().values()) {
      String name = version.model();
      long number = version.version();
      boolean goes = !kept.contains(number);
      if (goes) {
        index.isNotServed(name, number, "unloaded");
        log.info("model '{}' version {} is unloaded", name, number);
      }
      if (!version.retire(Math.max(0, (end - System.nanoTime()) / 1_000_000))) {
        log.warn(
            "model '{}' version {} still has requests; it is freed with the last of them",
            name,
            number);
      }
      if (goes) {
        observer.goes(name, number);
      }
    }
  }

  private static InferenceException unknown(String name) {
    return new InferenceException(
        ErrorCode.NOT_FOUND,
        "there is no model '" + ServedModels.printable(name) + "' in the model repository");
  }

  private InferenceException failed(String what, String name, String reason) {
    boolean serves =
        repository.versions(name).stream()
            .flatMap(number -> repository.served(name, number).stream())
            .anyMatch(version -> version.state() instanceof ModelState.Ready);
    String rest = serves ? ", and what was loaded before serves on" : "";
    return new InferenceException(
        ErrorCode.LOAD_FAILED, "%s cannot be loaded%s: %s".formatted(what, rest, reason));
  }
}
