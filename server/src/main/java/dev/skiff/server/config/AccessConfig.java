package dev.skiff.server.config;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * Who may reach what.
 *
 * @param management the port of metrics and probes, if they have one of their own
 * @param apiKeys the file with the keys of which a request has to show one; without it, none has to
 * @param tls how connections are encrypted, if they are
 * @param modelControl who decides which models are served
 */
public record AccessConfig(
    Optional<ManagementConfig> management,
    Optional<Path> apiKeys,
    Optional<TlsConfig> tls,
    ModelControl modelControl) {

  /** Who decides which models are served, in Triton's words. */
  public enum ModelControl {
    /** The start: all that are there. */
    NONE,
    /** The start, and requests that load and unload models after it. */
    EXPLICIT
  }

  static AccessConfig of(Function<Key, Setting> settings) {
    String managementHost = settings.apply(Keys.MANAGEMENT_HOST).text();
    String host = managementHost.isEmpty() ? settings.apply(Keys.HOST).text() : managementHost;
    return new AccessConfig(
        settings.apply(Keys.MANAGEMENT_PORT).portOrNone().stream()
            .mapToObj(port -> new ManagementConfig(host, port))
            .findAny(),
        settings.apply(Keys.API_KEYS).file(),
        TlsConfig.of(settings),
        settings.apply(Keys.MODEL_CONTROL).choice(ModelControl.class));
  }
}
