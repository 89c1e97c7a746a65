package dev.skiff.server.runtime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtLoggingLevel;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * ONNX Runtime's environment. There is one in a process; it frees itself in a shutdown hook of its
 * own, so every session must be closed before the process begins to exit. Thread-safe.
 *
 * <p>The system property {@code onnxruntime.native.path} names a folder with the native libraries.
 * Without it the binding unpacks them to the temporary directory at every start.
 */
public final class OnnxRuntime {
  private final OrtEnvironment environment;
  private final Accelerators accelerators;

  private final Consumer<String> gpuLost;

  private OnnxRuntime(OrtEnvironment environment, Consumer<String> gpuLost) {
    this.environment = environment;
    this.gpuLost = gpuLost;
    this.accelerators = new ProbedAccelerators(environment);
  }

  /** Loads the native libraries, with telemetry off. Takes a tenth of a second or two. */
  public static OnnxRuntime load() {
    return load(reason -> {});
  }

  /**
   * The same, for a process that serves.
   *
   * @param gpuLost told why, on the thread that met it, once nothing can run on a GPU any more
   *     before the process is started anew; perhaps several times
   */
  public static OnnxRuntime load(Consumer<String> gpuLost) {
    TelemetryGuard.turnTelemetryOff();
    // Kernel errors reach us as exceptions and go to our own log: keep them off standard error.
    return new OnnxRuntime(
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "skiff"), gpuLost);
  }

  /** The providers that need a GPU. */
  public Accelerators accelerators() {
    return accelerators;
  }

  /** Tries a GPU, with small operators whose answers are compared with the CPU's. Takes seconds. */
  public Checkup examine(ExecutionProvider.Cuda cuda) {
    return Checkup.of(environment, accelerators, cuda);
  }

  /**
   * Opens a model. Takes as long as reading and optimising its graph does.
   *
   * @param file the ONNX file; its external data must lie in the same folder
   * @throws ModelLoadException if it is no model, or has inputs that cannot be served
   */
  public OnnxSession open(Path file, ExecutionProvider provider) throws ModelLoadException {
    return OnnxSession.open(environment, file, provider, gpuLost);
  }
}
