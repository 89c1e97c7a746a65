package dev.skiff.server.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Puts the settings of all sources together: a flag counts before an environment variable, that
 * before a line of the file, that before the default.
 */
final class Settings {
  static final String CONFIG = "config";
  static final String CONFIG_VARIABLE = "SKIFF_CONFIG";

  /** As in the Kubernetes documentation, "Service: Environment variables". */
  private static final Pattern SERVICE_LINK =
      Pattern.compile("SKIFF_(\\w+_)?(SERVICE_HOST|SERVICE_PORT(_\\w+)?|PORT_\\d+_[A-Z]+(_\\w+)?)");

  private Settings() {}

  /**
   * The configuration that flags, environment, file and defaults make together.
   *
   * @throws ConfigException for an unknown key or a wrong value
   */
  static ServerConfig merge(Map<String, Setting> flags, Map<String, String> environment) {
    Map<String, Setting> settings = new HashMap<>();
    Setting flag = flags.get(CONFIG);
    String file = flag == null ? environment.getOrDefault(CONFIG_VARIABLE, "") : flag.text();
    if (!file.isEmpty()) {
      settings.putAll(read(Path.of(file)));
    }
    settings.putAll(variables(environment));
    settings.putAll(flags);
    return ServerConfig.of(
        key -> settings.getOrDefault(key.name(), new Setting(key.flag(), key.fallback())));
  }

  private static Map<String, Setting> read(Path file) {
    JsonNode root = JsonFile.read(file, file.toString());
    Map<String, Setting> settings = new HashMap<>();
    root.forEachEntry(
        (name, value) -> {
          String origin = file + ": " + name;
          if (Keys.all().stream().noneMatch(key -> key.name().equals(name))) {
            throw new ConfigException(origin + ": unknown key");
          }
          if (!value.isValueNode() || value.isNull()) {
            throw new ConfigException(origin + ": expected a text, a number, true or false");
          }
          settings.put(name, new Setting(origin, value.asText()));
        });
    return settings;
  }

  /**
   * The settings among the environment's variables. Kubernetes sets variables of the same prefix in
   * every pod beside a Service that is named skiff or skiff-something (SKIFF_SERVICE_HOST,
   * SKIFF_PORT=tcp://...): those are not ours.
   */
  private static Map<String, Setting> variables(Map<String, String> environment) {
    Map<String, Key> known = new HashMap<>();
    Keys.all().forEach(key -> known.put(key.variable(), key));
    Map<String, Setting> settings = new HashMap<>();
    environment.forEach(
        (variable, value) -> {
          Key key = known.get(variable);
          if (isServiceLink(variable, value)
              || variable.equals(CONFIG_VARIABLE)
              || !variable.startsWith("SKIFF_")) {
            return;
          }
          if (key == null) {
            throw new ConfigException(variable + ": unknown variable; see --help");
          }
          settings.put(key.name(), new Setting(variable, value));
        });
    return settings;
  }

  private static boolean isServiceLink(String variable, String value) {
    return SERVICE_LINK.matcher(variable).matches()
        || (variable.endsWith("_PORT") && value.contains("://"));
  }
}
