package dev.skiff.server.config;

/** A wrong key or value. The message is one line that says which, what was expected, what came. */
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }

  /** The line for the user. */
  public String line() {
    return String.valueOf(getMessage());
  }
}
