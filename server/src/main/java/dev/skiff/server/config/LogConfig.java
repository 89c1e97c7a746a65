package dev.skiff.server.config;

/**
 * What is logged, and how.
 *
 * @param access whether every request is logged, not only what the server failed on
 */
public record LogConfig(Format format, Level level, boolean access) {

  /** How an event is written. */
  public enum Format {
    TEXT,
    JSON
  }

  /** The least severe event that is logged. */
  public enum Level {
    ERROR,
    WARN,
    INFO,
    DEBUG
  }
}
