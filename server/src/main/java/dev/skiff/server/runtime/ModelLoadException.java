package dev.skiff.server.runtime;

/** A model file that cannot be served. The message says why, without any path. */
public final class ModelLoadException extends Exception {
  private static final long serialVersionUID = 1L;

  private final boolean cpuWouldDo;

  public ModelLoadException(String reason) {
    this(reason, false);
  }

  public ModelLoadException(String reason, Throwable cause) {
    super(reason, cause);
    cpuWouldDo = false;
  }

  private ModelLoadException(String reason, boolean cpuWouldDo) {
    super(reason);
    this.cpuWouldDo = cpuWouldDo;
  }

  /** For a model with operators that a GPU's libraries lack. */
  public static ModelLoadException ofOperators(String reason) {
    return new ModelLoadException(reason, true);
  }

  /** Why the model cannot be served. */
  public String reason() {
    return String.valueOf(getMessage());
  }

  /**
   * Whether the GPU can be used, but not for this model: it has operators that the GPU's libraries
   * lack, and the CPU has them.
   */
  public boolean cpuWouldDo() {
    return cpuWouldDo;
  }
}
