package dev.skiff.server.runtime;

import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns ONNX Runtime's errors, which tell source files and model paths, into ours. */
final class OrtFailure {
  private static final Pattern PREFIX = Pattern.compile("^Error code - \\w+ - message: ");
  private static final Pattern PATH =
      Pattern.compile("(?<![\\w/])/[\\w.+-]+/\\S*|\\S+\\.(cc|h):\\d+");

  /**
   * How the CPU allocator and the size arithmetic say that a tensor is too large. ONNX Runtime
   * gives both the code FAIL, as it does every kernel error, so there is only the text to go by.
   */
  private static final Pattern TOO_LARGE =
      Pattern.compile("Failed to allocate memory|Integer overflow|storage size overflowed");

  private OrtFailure() {}

  /** The error for a run that failed: too large an answer, or a fault of the model. */
  static InferenceException ofRun(OrtException failure) {
    String message = String.valueOf(failure.getMessage());
    if (TOO_LARGE.matcher(message).find()) {
      return new InferenceException(
          ErrorCode.RESOURCE_EXHAUSTED, "the model's answer would not fit into memory");
    }
    return new InferenceException(ErrorCode.INTERNAL, "the model failed: " + reason(failure));
  }

  /** What ONNX Runtime said, up to the first thing that names a file. */
  static String reason(OrtException failure) {
    String message = PREFIX.matcher(String.valueOf(failure.getMessage())).replaceFirst("");
    Matcher path = PATH.matcher(message);
    String safe = path.find() ? message.substring(0, path.start()) : message;
    return safe.strip().replaceAll("\\s+", " ");
  }
}
