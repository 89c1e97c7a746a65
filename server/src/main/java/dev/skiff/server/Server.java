package dev.skiff.server;

import dev.skiff.server.config.AccessConfig;
import dev.skiff.server.config.DrainConfig;
import dev.skiff.server.config.ServerConfig;
import dev.skiff.server.http.Access;
import dev.skiff.server.http.HttpServer;
import dev.skiff.server.http.ManagementServer;
import dev.skiff.server.http.Phase;
import dev.skiff.server.http.Rehearsal;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelControl;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelState;
import dev.skiff.server.model.ModelVersion;
import dev.skiff.server.runtime.OnnxRuntime;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wiring, and nothing else: what is made of what, the order of the start, the order of the end.
 * Start and stop are called once each, by one thread; that it will stop may be announced by any.
 */
public final class Server {
  private static final Logger log = LoggerFactory.getLogger(Server.class);

  private final DrainConfig drain;
  private final Duration readyDelay;
  private final Metrics metrics;
  private final ModelRepository repository;
  private final HttpServer http;
  private final @Nullable ManagementServer management;
  private final ShownModels shown;
  private final Optional<ModelControl> control;
  private final Rehearsal rehearsal;
  private final CompletableFuture<Void> modelsSettled;
  private final int port;
  private final OptionalInt managementPort;

  /** Why no GPU can be used any more, once that is so. */
  private final CompletableFuture<String> gpuLost = new CompletableFuture<>();

  /** Done when it has warmed itself for long enough to be ready. */
  private final CompletableFuture<Void> warm = new CompletableFuture<>();

  /** Done when the server is to stop. */
  private final CompletableFuture<Void> stopping = new CompletableFuture<>();

  private Server(ServerConfig config, String version) {
    drain = config.drain();
    readyDelay = config.http().readyDelay();
    if (readyDelay.isZero()) {
      warm.complete(null);
    }
    Access access = Access.open(config.access());
    repository = ModelRepository.scan(config.repository(), config.runtime());
    // ONNX Runtime's libraries and the models load while HTTP starts.
    CompletableFuture<OnnxRuntime> runtime =
        CompletableFuture.supplyAsync(() -> OnnxRuntime.load(gpuLost::complete));
    modelsSettled = repository.load(runtime::join);
    metrics = new Metrics();
    shown = new ShownModels(repository, metrics);
    control =
        config.access().modelControl() == AccessConfig.ModelControl.EXPLICIT
            ? Optional.of(control(config, runtime))
            : Optional.empty();
    Supplier<Phase> phase = this::phase;
    http =
        new HttpServer(
            config.http(),
            access,
            repository,
            metrics,
            phase,
            config.log().access(),
            version,
            config.drain().timeout(),
            control);
    management =
        config.access().management().isPresent()
            ? new ManagementServer(
                config.access().management().get(),
                repository,
                metrics,
                phase,
                config.log().access(),
                version,
                access,
                control)
            : null;
    rehearsal = new Rehearsal(config.http(), access, repository, metrics, ShownModels::count);
    repository.all().forEach(it -> ShownModels.count(it, metrics));
    try {
      port = http.start();
      managementPort =
          management == null ? OptionalInt.empty() : OptionalInt.of(management.start());
    } catch (RuntimeException e) {
      http.stop();
      // The process may end with this, and it must not while native code is at work.
      repository.loadNoMore();
      modelsSettled.join();
      repository.close(0);
      throw e;
    }
    repository.all().forEach(shown::watch);
  }

  private ModelControl control(ServerConfig config, CompletableFuture<OnnxRuntime> runtime) {
    ModelControl.Observer observer =
        new ModelControl.Observer() {
          @Override
          public void begins() {
            modelsSettled.join();
            rehearsal.close();
          }

          @Override
          public void comes(ModelVersion version) {
            ShownModels.count(version, metrics);
            shown.watch(version);
            shown.showLoaded(version);
          }

          @Override
          public void goes(String model, long version) {
            metrics.forget(model, version);
          }
        };
    return new ModelControl(
        repository,
        config.repository().folder(),
        config.runtime(),
        runtime::join,
        observer,
        config.drain().timeout());
  }

  /**
   * Starts a server. It listens when this returns; its models may still be loading.
   *
   * @throws dev.skiff.server.config.ConfigException if the model repository, the API keys or a
   *     certificate cannot be read
   */
  public static Server start(ServerConfig config, String version) {
    return new Server(config, version);
  }

  /** The port that the server listens on. */
  public int port() {
    return port;
  }

  /** The port of metrics and probes, if they have one of their own. */
  public OptionalInt managementPort() {
    return managementPort;
  }

  private Phase phase() {
    if (stopping.isDone() || gpuLost.isDone()) {
      return Phase.DRAINING;
    }
    return warm.isDone() ? Phase.SERVING : Phase.WARMING;
  }

  /**
   * Waits until every model is ready or unavailable and begins to rehearse predictions, or until
   * the server is to stop. Called once.
   */
  public void awaitModels() {
    CompletableFuture.anyOf(modelsSettled, stopping).join();
    if (!stopping.isDone()) {
      repository.all().forEach(shown::showLoaded);
      metrics.bindJvm();
      rehearsal.start();
    }
  }

  /**
   * Waits for as much of the rehearsal as is to come before the server is ready, or until it is to
   * stop. Called once, after {@link #awaitModels}.
   */
  public void awaitWarm() {
    warm.completeOnTimeout(null, readyDelay.toNanos(), TimeUnit.NANOSECONDS);
    CompletableFuture.anyOf(warm, stopping).join();
  }

  /** How many of the models are ready, in words. */
  public String summary() {
    long ready =
        repository.all().stream()
            .filter(version -> version.state() instanceof ModelState.Ready)
            .count();
    return ready + " of " + repository.all().size() + " models";
  }

  /**
   * Says from now on that the server is not ready, and loads no more models than those that it is
   * at: native code cannot be told to end. Returns at once.
   */
  public void announceStop() {
    repository.loadNoMore();
    control.ifPresent(ModelControl::stop);
    if (!stopping.isDone() && !modelsSettled.isDone()) {
      log.info("asked to stop: no more models are loaded than those that are being loaded");
    }
    stopping.complete(null);
  }

  /**
   * Ends the server without losing a request: says that it is not ready, goes on serving for a
   * while, takes no more connections, lets requests under way and models that are being loaded
   * finish, frees the models.
   *
   * @return whether all of them could finish; if not, native code may still be at work
   */
  public boolean stop() {
    announceStop();
    rehearsal.end();
    log.info("draining for {} ms", drain.delay().toMillis());
    sleep(drain.delay());
    long end = System.nanoTime() + drain.timeout().toNanos();
    boolean answered = http.stop();
    boolean loaded = awaitLoads(end);
    // Jetty has waited for the requests; what is left is the instant between reply and release.
    boolean released = repository.close(answered ? drain.timeout().toMillis() : 0);
    if (management != null) {
      management.stop();
    }
    metrics.close();
    if (!answered || !released) {
      log.warn("stopped, though requests were still running after the drain timeout");
    } else if (!loaded) {
      log.warn("stopped, though a model was still being loaded after the drain timeout");
    } else {
      log.info("stopped");
    }
    return answered && released && loaded;
  }

  /** Whether no model is being loaded any more; waits for that until then. */
  private boolean awaitLoads(long end) {
    modelsSettled.copy().completeOnTimeout(null, left(end), TimeUnit.NANOSECONDS).join();
    return modelsSettled.isDone() && (control.isEmpty() || control.get().awaitLast(left(end)));
  }

  private static long left(long end) {
    return Math.max(0, end - System.nanoTime());
  }

  /**
   * Done, with the reason, when nothing can run on a GPU any more before this process is started
   * anew. From then on the server says that it is not ready.
   */
  CompletableFuture<String> gpuLost() {
    return gpuLost;
  }

  /**
   * Ends the answering as {@link #stop} does, but leaves the models as they are: with a lost GPU
   * native code may never return. Ends itself after the drain delay and timeout at the latest.
   */
  void abandon() {
    sleep(drain.delay());
    http.stop();
  }

  private static void sleep(Duration duration) {
    try {
      Thread.sleep(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
