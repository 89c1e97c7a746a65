package dev.skiff.server.runtime;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The errors of CUDA that stay: every later call in the process gives the same one, and only
 * another process can use the GPU again. NVIDIA's {@code driver_types.h} (12.9) says so of each,
 * but for three that are taken for such: uncorrectable errors of memory (214) and of NVLink (220),
 * and what CUDA itself does not know (999). It says of 46, a GPU that is busy or unavailable, that
 * it is so "at the current time".
 */
final class StickyErrors {
  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(214, "cudaErrorECCUncorrectable"),
          Map.entry(220, "cudaErrorNvlinkUncorrectable"),
          Map.entry(226, "cudaErrorContained"),
          Map.entry(700, "cudaErrorIllegalAddress"),
          Map.entry(702, "cudaErrorLaunchTimeout"),
          Map.entry(710, "cudaErrorAssert"),
          Map.entry(714, "cudaErrorHardwareStackError"),
          Map.entry(715, "cudaErrorIllegalInstruction"),
          Map.entry(716, "cudaErrorMisalignedAddress"),
          Map.entry(717, "cudaErrorInvalidAddressSpace"),
          Map.entry(718, "cudaErrorInvalidPc"),
          Map.entry(719, "cudaErrorLaunchFailure"),
          Map.entry(721, "cudaErrorTensorMemoryLeak"),
          Map.entry(810, "cudaErrorMpsClientTerminated"),
          Map.entry(911, "cudaErrorExternalDevice"),
          Map.entry(999, "cudaErrorUnknown"));

  /** Calls of CUDA are reported by number, kernels that fail at once by name. */
  private static final Pattern ERROR =
      Pattern.compile("CUDA failure (\\d{1,9})\\b|CUDA error (\\w+):");

  private StickyErrors() {}

  /** The name of the first of these errors that a text of ONNX Runtime's reports, if any does. */
  static Optional<String> in(String text) {
    Matcher error = ERROR.matcher(text);
    while (error.find()) {
      String name =
          error.group(1) == null
              ? error.group(2)
              : NAMES.getOrDefault(Integer.parseInt(error.group(1)), "");
      if (NAMES.containsValue(name)) {
        return Optional.of(name);
      }
    }
    return Optional.empty();
  }
}
