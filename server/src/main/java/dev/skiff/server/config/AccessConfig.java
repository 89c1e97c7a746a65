package dev.skiff.server.config;

import java.util.Optional;
import java.util.function.Function;

/**
 * Who may reach what.
 *
 * @param management the port of metrics and probes, if they have one of their own
 */
public record AccessConfig(Optional<ManagementConfig> management) {

  static AccessConfig of(Function<Key, Setting> settings) {
    String managementHost = settings.apply(Keys.MANAGEMENT_HOST).text();
    String host = managementHost.isEmpty() ? settings.apply(Keys.HOST).text() : managementHost;
    return new AccessConfig(
        settings.apply(Keys.MANAGEMENT_PORT).portOrNone().stream()
            .mapToObj(port -> new ManagementConfig(host, port))
            .findAny());
  }
}
