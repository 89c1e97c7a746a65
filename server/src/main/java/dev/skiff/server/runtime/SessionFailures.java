package dev.skiff.server.runtime;

import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.InferenceException;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells what the errors of one model's session come from: the GPU and its libraries, where that can
 * be seen, else the model. Thread-safe.
 */
final class SessionFailures {
  private final ExecutionProvider provider;
  private final Consumer<String> gpuLost;
  private volatile @Nullable Diagnosis fault;

  /** With someone who is told why, once nothing can run on the GPU in this process any more. */
  SessionFailures(ExecutionProvider provider, Consumer<String> gpuLost) {
    this.provider = provider;
    this.gpuLost = gpuLost;
  }

  /** The error for a model that could not be opened. */
  ModelLoadException ofLoad(OrtException error) {
    ModelLoadException failure =
        diagnose(error)
            .map(SessionFailures::refusal)
            .orElseGet(() -> new ModelLoadException(OrtFailure.reason(error)));
    failure.initCause(error);
    return failure;
  }

  /** The error for a run that failed. */
  InferenceException ofRun(OrtException error) {
    Optional<Diagnosis> diagnosis = diagnose(error);
    if (diagnosis.isEmpty()) {
      return OrtFailure.ofRun(error);
    }
    fault = diagnosis.get();
    return new InferenceException(diagnosis.get().code(), diagnosis.get().sentence());
  }

  /** Whether the GPU or its libraries are to blame. */
  boolean isFaultOfGpu(OrtException error) {
    return Diagnosis.of(error, provider).isPresent();
  }

  /** What the last run that met a fault of the GPU or its libraries met; nothing if none did. */
  Optional<ModelLoadException> fault() {
    return Optional.ofNullable(fault).map(SessionFailures::refusal);
  }

  private static ModelLoadException refusal(Diagnosis diagnosis) {
    return diagnosis.reach() == Diagnosis.Reach.MODEL
        ? ModelLoadException.ofOperators(diagnosis.sentence())
        : new ModelLoadException(diagnosis.sentence());
  }

  private Optional<Diagnosis> diagnose(OrtException error) {
    Optional<Diagnosis> diagnosis = Diagnosis.of(error, provider);
    diagnosis.filter(Diagnosis::sticky).map(Diagnosis::sentence).ifPresent(gpuLost);
    return diagnosis;
  }
}
