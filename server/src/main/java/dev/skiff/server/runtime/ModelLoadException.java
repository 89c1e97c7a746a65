package dev.skiff.server.runtime;

/** A model file that cannot be served. The message says why, without any path. */
public final class ModelLoadException extends Exception {
  private static final long serialVersionUID = 1L;

  public ModelLoadException(String reason) {
    super(reason);
  }

  public ModelLoadException(String reason, Throwable cause) {
    super(reason, cause);
  }

  /** Why the model cannot be served. */
  public String reason() {
    return String.valueOf(getMessage());
  }
}
