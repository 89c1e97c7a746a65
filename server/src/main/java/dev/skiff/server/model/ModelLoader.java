package dev.skiff.server.model;

import dev.skiff.server.batching.BatchPolicy;
import dev.skiff.server.batching.BatchTrial;
import dev.skiff.server.batching.Batcher;
import dev.skiff.server.batching.RunListener;
import dev.skiff.server.config.BatchingConfig;
import dev.skiff.server.config.ModelConfig;
import dev.skiff.server.config.ProviderConfig;
import dev.skiff.server.config.RuntimeConfig;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.runtime.Accelerators;
import dev.skiff.server.runtime.ExecutionProvider;
import dev.skiff.server.runtime.ModelLoadException;
import dev.skiff.server.runtime.NodePlacement;
import dev.skiff.server.runtime.OnnxRuntime;
import dev.skiff.server.runtime.OnnxSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns the files of one version into a model that can run, warm. Thread-safe. */
final class ModelLoader {
  private static final Logger log = LoggerFactory.getLogger(ModelLoader.class);

  /** From here on a run gains more from several threads than waking them costs. */
  private static final long COSTLY_NANOS = 5_000_000;

  /** A trial of batches takes some twenty runs, and a start should not last for seconds. */
  private static final long TOO_COSTLY_TO_TRY_NANOS = 50_000_000;

  private ModelLoader() {}

  static LoadedModel load(
      OnnxRuntime runtime,
      ScannedModel model,
      long version,
      ModelConfig config,
      RunListener listener)
      throws ModelLoadException {
    Path file = model.versions().get(version);
    if (file == null) {
      throw new ModelLoadException("version " + version + " is not there");
    }
    return onGpuOrCpu(
        model.name(),
        config.runtime().provider(),
        runtime.accelerators(),
        choice -> load(runtime, model, file, config, choice, listener));
  }

  private static LoadedModel load(
      OnnxRuntime runtime,
      ScannedModel model,
      Path file,
      ModelConfig config,
      ProviderChoice choice,
      RunListener listener)
      throws ModelLoadException {
    List<String> labels = labels(model.folder().resolve("labels.txt"));
    boolean mayLoop = mayLoop(file);
    ExecutionProvider provider = choice.provider();
    Concurrency concurrency = concurrency(config.runtime(), provider, false);
    OnnxSession session = open(runtime, file, provider, concurrency);
    @Nullable OnnxSession unfinished = session;
    try {
      placed(session.placement(), model.name(), config.runtime().provider());
      Optional<ServiceTime> warm = warmUp(session, model, config);
      boolean costly = warm.isPresent() && warm.get().nanos() > COSTLY_NANOS;
      Concurrency better = concurrency(config.runtime(), provider, costly);
      if (!better.equals(concurrency)) {
        unfinished = null;
        session.close();
        session = open(runtime, file, provider, better);
        unfinished = session;
        warm = warmUp(session, model, config);
      }
      Batcher batcher = batcher(session, config, warm, better.runs(), listener);
      ServiceTime serviceTime = warm.orElseGet(ServiceTime::unknown);
      unfinished = null;
      return new LoadedModel(
          session.inputs(),
          session.outputs(),
          labels,
          session.pool(),
          batcher,
          mayLoop ? serviceTime.unbounded() : serviceTime,
          Placement.on(choice, session.placement()),
          end(batcher, session));
    } finally {
      if (unfinished != null) {
        unfinished.close();
      }
    }
  }

  /** How a model is loaded on what was chosen for it. */
  interface Loading<T> {
    T on(ProviderChoice choice) throws ModelLoadException;
  }

  /**
   * Loads a model on what the configuration means for it, and says why where that is the CPU
   * against expectation.
   */
  static <T> T onGpuOrCpu(
      String model, ProviderConfig config, Accelerators accelerators, Loading<T> loading)
      throws ModelLoadException {
    ProviderChoice choice = ProviderChoice.of(config, accelerators);
    warn(model, choice);
    try {
      return loading.on(choice);
    } catch (ModelLoadException e) {
      ProviderChoice other = choice.insteadFor(config, e);
      warn(model, other);
      log.debug("what ONNX Runtime said of it", e);
      return loading.on(other);
    }
  }

  private static void warn(String model, ProviderChoice choice) {
    choice.regret().ifPresent(why -> log.warn("model '{}' runs on the CPU: {}", model, why));
  }

  /** Says what a GPU did not take, or refuses the model for it. */
  static void placed(NodePlacement placement, String model, ProviderConfig config)
      throws ModelLoadException {
    if (placement.onCpu() == 0) {
      return;
    }
    String rest =
        "%d of %d nodes run on the CPU (%s)"
            .formatted(
                placement.onCpu(), placement.total(), String.join(", ", placement.cpuOperators()));
    if (config.requireFullGpu()) {
      throw new ModelLoadException("require-full-gpu is set, but " + rest);
    }
    log.info("model '{}': {}", model, rest);
  }

  private static Concurrency concurrency(
      RuntimeConfig config, ExecutionProvider provider, boolean costly) {
    if (provider instanceof ExecutionProvider.Accelerator) {
      return Concurrency.onAccelerator(config.concurrency(), config.intraOpThreads());
    }
    int cpus = Runtime.getRuntime().availableProcessors();
    return Concurrency.choose(config.concurrency(), config.intraOpThreads(), cpus, costly);
  }

  private static OnnxSession open(
      OnnxRuntime runtime, Path file, ExecutionProvider provider, Concurrency concurrency)
      throws ModelLoadException {
    return runtime.open(file, provider.withIntraOpThreads(concurrency.intraOpThreads()));
  }

  /**
   * The time that a run on one row takes; none if the made-up data is no good.
   *
   * @throws ModelLoadException if it was not the data, but the GPU or its libraries
   */
  private static Optional<ServiceTime> warmUp(
      OnnxSession session, ScannedModel model, ModelConfig config) throws ModelLoadException {
    try {
      return Optional.of(WarmUp.run(session, config.warmUpShapes()));
    } catch (InferenceException e) {
      Optional<ModelLoadException> fault = session.fault();
      if (fault.isPresent()) {
        throw fault.get();
      }
      log.warn(
          "model '{}' could not be warmed on made-up data ({}); give it warm-up-shapes in model.json",
          model.name(),
          e.reason());
      return Optional.empty();
    }
  }

  private static Batcher batcher(
      OnnxSession session,
      ModelConfig config,
      Optional<ServiceTime> warm,
      int concurrency,
      RunListener listener) {
    BatchingConfig batching = config.runtime().batching();
    BatchPolicy policy =
        new BatchPolicy(
            batching.joinedRows(),
            batching.preferredBatchSizes().stream()
                .map(Integer::longValue)
                .collect(Collectors.toSet()),
            batching.queueDelay().toNanos());
    Batcher.Limits limits =
        new Batcher.Limits(
            concurrency,
            config.runtime().queueLimit(),
            config.runtime().queueBytes(),
            batching.maxBatchSize().orElse(Integer.MAX_VALUE));
    Optional<String> objection = objection(session, config, warm);
    return new Batcher(session, session.pool(), listener, policy, objection, limits);
  }

  /** Why the model's requests run one by one, if so. */
  private static Optional<String> objection(
      OnnxSession session, ModelConfig config, Optional<ServiceTime> warm) {
    for (TensorSpec input : session.inputs()) {
      if (!input.batched()) {
        return Optional.of("input '" + input.name() + "' has no open outermost dimension");
      }
    }
    return switch (config.runtime().batching().mode()) {
      case OFF -> Optional.of("it is off in the configuration");
      case ON -> Optional.empty();
      case AUTO -> {
        if (warm.isEmpty()) {
          yield Optional.of("it could not be tried on made-up data");
        }
        if (warm.get().nanos() > TOO_COSTLY_TO_TRY_NANOS) {
          yield Optional.of("a run takes too long to try it at the start");
        }
        yield trial(session, config);
      }
    };
  }

  private static Optional<String> trial(OnnxSession session, ModelConfig config) {
    List<InferenceRequest> rows = WarmUp.rows(session, config.warmUpShapes());
    try {
      return new BatchTrial(session, session.pool()).objection(rows);
    } catch (InferenceException e) {
      return Optional.of("it could not be tried on made-up data: " + e.reason());
    } finally {
      rows.forEach(InferenceRequest::close);
    }
  }

  /** Nobody runs the model any more when this is run, so nobody waits; nobody may come either. */
  private static Runnable end(Batcher batcher, OnnxSession session) {
    return () -> {
      batcher.stop();
      session.close();
    };
  }

  private static boolean mayLoop(Path file) throws ModelLoadException {
    try {
      return Loops.mayBeIn(file);
    } catch (IOException e) {
      throw new ModelLoadException("the model's file cannot be read", e);
    }
  }

  private static List<String> labels(Path file) throws ModelLoadException {
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new ModelLoadException("labels.txt cannot be read as UTF-8 text", e);
    }
  }
}
