package dev.skiff.server.runtime;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import dev.skiff.server.runtime.DeviceTrial.Operator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.SortedSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether a GPU can be used, and what was found on the way.
 *
 * @param findings what was looked at, in this order, and what it showed
 * @param fault the first thing that is wrong, with its remedy; nothing if all is well
 */
public record Checkup(SequencedMap<String, String> findings, Optional<String> fault) {

  static Checkup of(
      OrtEnvironment environment, Accelerators accelerators, ExecutionProvider.Cuda cuda) {
    // First, so that it is ONNX Runtime that loads the libraries.
    Optional<String> fault = accelerators.objection(cuda);
    SequencedMap<String, String> findings = new LinkedHashMap<>();
    Machine machine = Machine.look();
    @Nullable String natives = System.getProperty("onnxruntime.native.path");
    findings.put("build", build(environment, natives));
    findings.put("driver", machine.driver().orElse("none"));
    findings.put("device files", machine.deviceFiles() ? "present" : "none");
    findings.put("libraries", libraries(machine.libraries()));
    Device device = Device.of(cuda.gpu());
    findings.put("kernels for", kernels(device));
    match(cuda.gpu().device(), device).ifPresent(match -> findings.put("architecture", match));
    findings.put("cuda", fault.isEmpty() ? "adds numbers" : "cannot be used");
    if (fault.isEmpty()) {
      for (Operator operator : Operator.values()) {
        Optional<String> wrong = tried(operator, environment, cuda, machine, findings);
        fault = fault.or(() -> wrong);
      }
    }
    return new Checkup(findings, fault);
  }

  private static String build(OrtEnvironment environment, @Nullable String natives) {
    return "ONNX Runtime %s with %s"
        .formatted(
            environment.getVersion(),
            OrtEnvironment.getAvailableProviders().stream()
                .map(provider -> label(provider, natives))
                .collect(Collectors.joining(", ")));
  }

  /** ONNX Runtime names what it was compiled for, whether the provider's own library is there. */
  static String label(OrtProvider provider, @Nullable String natives) {
    String label = NodePlacement.label(provider.getName());
    String library = "libonnxruntime_providers_%s.so".formatted(label);
    boolean missing =
        natives != null
            && (provider == OrtProvider.CUDA || provider == OrtProvider.TENSOR_RT)
            && !Files.exists(Path.of(natives, library));
    return missing ? "%s (but %s is missing)".formatted(label, library) : label;
  }

  private static String libraries(SortedSet<String> names) {
    return names.isEmpty()
        ? "none"
        : names.stream()
            .map(name -> name + LibraryVersion.of(name).map(version -> " " + version).orElse(""))
            .collect(Collectors.joining(", "));
  }

  private static String kernels(Device device) {
    return device
        .kernels()
        .map(Architectures::toString)
        .orElse("not known: libonnxruntime_providers_cuda.so cannot be read");
  }

  /** Whether the build has kernels for the GPU; nothing where either is not known. */
  static Optional<String> match(int number, Device device) {
    OptionalInt capability = device.capability();
    return capability.isEmpty() || device.kernels().isEmpty()
        ? Optional.empty()
        : Optional.of(
            "GPU %d is sm_%d: %s"
                .formatted(
                    number,
                    capability.getAsInt(),
                    device.isServed() ? "in this build" : "not in this build"));
  }

  /** Whether an image without cuDNN, which is meant to be so, failed as it has to. */
  static boolean isWithoutCudnn(OrtException failure, Machine machine) {
    return OperatorFaults.isWithoutCudnn(String.valueOf(failure.getMessage()))
        && !machine.has("libcudnn");
  }

  /** Adds what came of it to the findings. */
  private static Optional<String> tried(
      Operator operator,
      OrtEnvironment environment,
      ExecutionProvider.Cuda cuda,
      Machine machine,
      SequencedMap<String, String> findings) {
    String name = operator.name().toLowerCase(Locale.ROOT);
    try {
      DeviceTrial trial = DeviceTrial.of(operator, environment, cuda);
      findings.put(
          name,
          String.format(
              Locale.ROOT,
              "differs from the CPU's by %.1e, %.2f ms; on the CPU %.2f ms",
              trial.deviation(),
              trial.deviceNanos() / 1e6,
              trial.cpuNanos() / 1e6));
      return trial.right()
          ? Optional.empty()
          : Optional.of("the GPU computes a wrong " + name + ": do not use it");
    } catch (OrtException e) {
      if (isWithoutCudnn(e, machine)) {
        findings.put(
            name, "no cuDNN here: with auto, models with convolutions and the like run on the CPU");
        return Optional.empty();
      }
      String reason =
          Diagnosis.of(e, cuda).map(Diagnosis::sentence).orElseGet(() -> OrtFailure.reason(e));
      findings.put(name, "failed: " + reason);
      return Optional.of(reason);
    }
  }
}
