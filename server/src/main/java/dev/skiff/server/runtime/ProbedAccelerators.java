package dev.skiff.server.runtime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import dev.skiff.server.runtime.ExecutionProvider.Accelerator;
import dev.skiff.server.runtime.ExecutionProvider.Gpu;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries each provider on each device once, by adding two numbers there: that a build has CUDA, and
 * that its libraries load, says nothing yet about the device.
 */
final class ProbedAccelerators implements Accelerators {
  private static final Logger log = LoggerFactory.getLogger(ProbedAccelerators.class);

  private final OrtEnvironment environment;
  private final boolean built = OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA);
  private final Map<Accelerator, Optional<String>> objections = new ConcurrentHashMap<>();

  ProbedAccelerators(OrtEnvironment environment) {
    this.environment = environment;
  }

  @Override
  public boolean built() {
    return built;
  }

  @Override
  public Optional<String> objection(Accelerator wanted) {
    if (!built) {
      return Optional.of(Diagnosis.cpuBuild(wanted.label()).sentence());
    }
    // A model's own limit and options are its own matter, when it is loaded.
    Gpu plain = new Gpu(wanted.gpu().device(), OptionalLong.empty(), Collections.emptySortedMap());
    Accelerator probe =
        switch (wanted) {
          case ExecutionProvider.Cuda cuda -> new ExecutionProvider.Cuda(1, plain);
          case ExecutionProvider.TensorRt tensorRt -> new ExecutionProvider.TensorRt(1, plain);
        };
    return objections.computeIfAbsent(probe, this::tried);
  }

  private Optional<String> tried(Accelerator wanted) {
    try (SessionOptions options = SessionSettings.of(wanted);
        OrtSession session = environment.createSession(DeviceTrial.model("/sum.onnx"), options);
        OnnxTensor one = OnnxTensor.createTensor(environment, new float[] {1});
        OrtSession.Result two = session.run(Map.of("x", one))) {
      log.debug("{} on GPU {} answers {}", wanted.label(), wanted.gpu().device(), two);
      return Optional.empty();
    } catch (OrtException e) {
      log.debug("what ONNX Runtime said of {}", wanted.label(), e);
      return Optional.of(
          Diagnosis.of(e, wanted)
              .map(Diagnosis::sentence)
              .orElseGet(() -> "'%s' failed: %s".formatted(wanted.label(), OrtFailure.reason(e))));
    }
  }
}
