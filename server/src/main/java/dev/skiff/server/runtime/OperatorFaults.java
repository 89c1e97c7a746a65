package dev.skiff.server.runtime;

import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Faults that only models with certain operators meet: the GPU can be used, but cuDNN, cuFFT or
 * cuBLAS is not there, lacks a part, or has nothing for this GPU. Such a model can run on the CPU.
 */
final class OperatorFaults {
  /** Where a run meets the fault, and where the kernel is made. */
  private static final Pattern OPERATOR =
      Pattern.compile("while running (\\w+) node|onnxruntime::cuda::(\\w+)<T>::\\2\\(");

  private static final Pattern NO_PART =
      Pattern.compile("SUBLIBRARY_(?:UNAVAILABLE|LOADING_FAILED)|CUDNN failure (?:1008|3009)\\b");

  /** What comes before the failure where a convolution is planned, and not where one is run. */
  private static final Pattern NO_PLAN =
      Pattern.compile("(?:Failed to initialize|OP not supported by) CUDNN Frontend");

  private static final Pattern FRONTEND = Pattern.compile("CUDNN_FE failure \\d+(?:: \\w+)?");

  /** ARCH_MISMATCH of both, and cuBLAS's NOT_SUPPORTED. */
  private static final Pattern NO_CODE =
      Pattern.compile("(CUBLAS) failure (?:8|15)\\b|CUDNN failure 3007\\b");

  private OperatorFaults() {}

  /** A library, or a part of one, is not there. */
  static Optional<Diagnosis> absent(String text, Machine machine) {
    if (isWithoutCudnn(text)) {
      return Optional.of(
          Diagnosis.ofModel(
              "the model has operators that need cuDNN 9, such as convolutions, and "
                  + machine.absence("libcudnn.so", ".9")
                  + ": use the GPU image with cuDNN, or install cuDNN 9 for CUDA 12, or give this model the provider cpu"));
    }
    if (text.contains("cuFFT is unavailable")) {
      return Optional.of(
          Diagnosis.ofModel(
              "the model has Fourier transforms, which need cuFFT, and "
                  + machine.absence("libcufft.so", ".11")
                  + ": install cuFFT for CUDA 12, or give this model the provider cpu"));
    }
    return NO_PART.matcher(text).find() ? Optional.of(partOfCudnn(text)) : Optional.empty();
  }

  /** Whether ONNX Runtime found no cuDNN that it could load. */
  static boolean isWithoutCudnn(String text) {
    return text.contains("cuDNN is unavailable");
  }

  private static Diagnosis partOfCudnn(String text) {
    Matcher operator = OPERATOR.matcher(text);
    String operators =
        operator.find()
            ? Objects.requireNonNullElse(operator.group(1), operator.group(2)) + " nodes"
            : "operators, such as LSTM, GRU and RNN,";
    return Diagnosis.ofModel(
        "the model has %s that need a part of cuDNN which is not here: install all of cuDNN 9's libraries in one version, or give this model the provider cpu"
            .formatted(operators));
  }

  /** The library is there, and has nothing for this operator on this GPU. */
  static Optional<Diagnosis> incapable(String text, Machine machine, Device device) {
    if (NO_PLAN.matcher(text).find()) {
      Matcher failure = FRONTEND.matcher(text);
      return Optional.of(
          Diagnosis.ofModel(
              "cuDNN finds no way to compute a convolution of the model on %s%s: %s"
                  .formatted(
                      device.description(),
                      failure.find() ? " (" + failure.group() + ")" : "",
                      other(machine))));
    }
    Matcher noCode = NO_CODE.matcher(text);
    if (noCode.find()) {
      return Optional.of(
          Diagnosis.ofModel(
              noCode.group(1) == null
                  ? "cuDNN cannot compute an operator of the model on %s (%s): %s"
                      .formatted(device.description(), noCode.group(), other(machine))
                  : "cuBLAS cannot compute an operator of the model on %s (%s): use an image with a newer cuBLAS, 12.8 or later for Blackwell, or give this model the provider cpu"
                      .formatted(device.description(), noCode.group())));
    }
    return Optional.empty();
  }

  /** What may have a way where this cuDNN has none. */
  private static String other(Machine machine) {
    return machine.has("libcudnn_engines_precompiled.so")
        ? "give this model the provider cpu"
        : "use the image with CONVOLUTIONS=full, whose cuDNN has precompiled kernels, or give this model the provider cpu";
  }
}
