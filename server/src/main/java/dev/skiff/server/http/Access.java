package dev.skiff.server.http;

import dev.skiff.server.config.AccessConfig;
import java.util.Optional;

/** What keeps strangers out, read and checked; nothing of it is loaded that is not asked for. */
public final class Access {
  private final AccessConfig config;
  private final Gate gate;

  private Access(AccessConfig config, Gate gate) {
    this.config = config;
    this.gate = gate;
  }

  /**
   * Reads the files.
   *
   * @throws dev.skiff.server.config.ConfigException for the first one that is wrong
   */
  public static Access open(AccessConfig config) {
    Optional<Gate> keys = config.apiKeys().map(ApiKeys::new);
    return new Access(config, keys.orElse(Gate.OPEN));
  }

  /** Whether the metrics are on the port of the predictions. */
  boolean showsMetrics() {
    return config.management().isEmpty();
  }

  /** Who is answered. */
  Gate gate() {
    return gate;
  }
}
