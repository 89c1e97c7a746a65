package dev.skiff.server.inference;

/**
 * A request that gets an error for an answer. The message goes to the client as it is, so it says
 * what was wrong, what was expected and what came, and never names a file path or a source line of
 * the server.
 *
 * <p>It carries no stack trace: it describes a request, not a fault in the code.
 */
public final class InferenceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;

  public InferenceException(ErrorCode code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  /** A shorthand for the most frequent error: the request itself is wrong. */
  public static InferenceException invalid(String message) {
    return new InferenceException(ErrorCode.INVALID_ARGUMENT, message);
  }

  public ErrorCode code() {
    return code;
  }

  /** The message for the client. */
  public String reason() {
    String message = getMessage();
    return message == null ? code.name() : message;
  }
}
