package dev.skiff.server.runtime;

import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns ONNX Runtime's errors, which tell source files and model paths, into ours. */
final class OrtFailure {
  private static final Pattern PREFIX = Pattern.compile("^Error code - \\w+ - message: ");

  /** {@code Load model from FILE failed:}, and with another word order if there is no such file. */
  private static final Pattern LOADING =
      Pattern.compile("^(Load model (from )?.*? ?failed[:.]\\s*)+", Pattern.DOTALL);

  /** The place in a source file, and the signature of the function there. */
  private static final Pattern SOURCE =
      Pattern.compile("/\\S+\\.(cc|h):\\d+ [^()]*\\([^()]*\\)( const)?( \\[with [^\\]]*\\])?\\s*");

  private static final Pattern PATH =
      Pattern.compile("(?<![\\w/])/[\\w.+-]+/\\S*|\\S+\\.(cc|h):\\d+");

  /**
   * How the CPU allocator and the size arithmetic say that a tensor is too large. ONNX Runtime
   * gives both the code FAIL, as it does every kernel error, so there is only the text to go by.
   */
  private static final Pattern TOO_LARGE =
      Pattern.compile("Failed to allocate memory|Integer overflow|storage size overflowed");

  private static final String NO_REASON = "ONNX Runtime only said in which file it happened";

  /** How it says that an output of ours does not have the shape that the model computed. */
  private static final String WRONG_SHAPE = "but the computed output shape";

  private OrtFailure() {}

  /** Whether a run failed only because a pinned output had the wrong shape. */
  static boolean isWrongShape(OrtException failure) {
    return String.valueOf(failure.getMessage()).contains(WRONG_SHAPE);
  }

  /** The error for a run that failed: too large an answer, or a fault of the model. */
  static InferenceException ofRun(OrtException failure) {
    String message = String.valueOf(failure.getMessage());
    if (TOO_LARGE.matcher(message).find()) {
      return new InferenceException(
          ErrorCode.RESOURCE_EXHAUSTED, "the model's answer would not fit into memory");
    }
    return new InferenceException(ErrorCode.INTERNAL, "the model failed: " + reason(failure));
  }

  /**
   * What ONNX Runtime said, without the model's path and without places in its source; up to the
   * sentence that names a file all the same.
   */
  static String reason(OrtException failure) {
    String message = PREFIX.matcher(String.valueOf(failure.getMessage())).replaceFirst("");
    message = LOADING.matcher(message).replaceFirst("");
    message = SOURCE.matcher(message).replaceAll("");
    Matcher path = PATH.matcher(message);
    String safe = path.find() ? wholeSentences(message.substring(0, path.start())) : message;
    return safe.isBlank() ? NO_REASON : safe.strip().replaceAll("\\s+", " ");
  }

  /** A text that was cut, up to its last full stop. */
  private static String wholeSentences(String cut) {
    int stop = cut.lastIndexOf(". ");
    return stop < 0 ? cut : cut.substring(0, stop + 1);
  }
}
