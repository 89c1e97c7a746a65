package dev.skiff.server.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Reads the configuration: a flag counts before an environment variable, that before a line of the
 * file, that before the default.
 */
public final class CommandLine {
  private static final String CONFIG = "--config";
  private static final String CONFIG_VARIABLE = "SKIFF_CONFIG";

  /** As in the Kubernetes documentation, "Service: Environment variables". */
  private static final Pattern SERVICE_LINK =
      Pattern.compile("SKIFF_(\\w+_)?(SERVICE_HOST|SERVICE_PORT(_\\w+)?|PORT_\\d+_[A-Z]+(_\\w+)?)");

  private CommandLine() {}

  /** What the user asked for. */
  public sealed interface Request {
    /** To serve. */
    record Serve(ServerConfig config) implements Request {}

    /** To read a text: the help or the version. */
    record Show(String text) implements Request {}
  }

  /**
   * Reads the arguments and the environment.
   *
   * @param version what {@code --version} prints
   * @throws ConfigException for an unknown key or a wrong value
   */
  public static Request parse(String[] arguments, Map<String, String> environment, String version) {
    picocli.CommandLine commandLine = new picocli.CommandLine(spec());
    ParseResult parsed;
    try {
      parsed = commandLine.parseArgs(arguments);
    } catch (ParameterException e) {
      throw new ConfigException(e.getMessage() + "; see --help");
    }
    if (parsed.hasMatchedOption("--help")) {
      return new Request.Show(commandLine.getUsageMessage());
    }
    if (parsed.hasMatchedOption("--version")) {
      return new Request.Show("skiff " + version + System.lineSeparator());
    }
    Map<String, Setting> settings = new HashMap<>();
    file(parsed, environment).ifPresent(file -> settings.putAll(read(file)));
    settings.putAll(variables(environment));
    for (Key key : Keys.all()) {
      if (parsed.hasMatchedOption(key.flag())) {
        settings.put(
            key.name(), new Setting(key.flag(), parsed.matchedOptionValue(key.flag(), "")));
      }
    }
    if (parsed.hasMatchedPositional(0)) {
      settings.put(
          Keys.MODELS.name(),
          new Setting(Keys.MODELS.value(), parsed.matchedPositionalValue(0, "")));
    }
    return new Request.Serve(
        ServerConfig.of(
            key -> settings.getOrDefault(key.name(), new Setting(key.flag(), key.fallback()))));
  }

  private static CommandSpec spec() {
    CommandSpec spec = CommandSpec.create().name("skiff");
    spec.usageMessage().description("Serves the ONNX models of a folder over HTTP.");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .paramLabel(Keys.MODELS.value())
            .type(String.class)
            .description("the model repository")
            .build());
    spec.addOption(
        OptionSpec.builder(CONFIG)
            .paramLabel("FILE")
            .type(String.class)
            .description("a JSON object with any of these keys (" + CONFIG_VARIABLE + ")")
            .build());
    for (Key key : Keys.all()) {
      String fallback = key.fallback().isEmpty() ? "" : "; default " + key.fallback();
      spec.addOption(
          OptionSpec.builder(key.flag())
              .paramLabel(key.value())
              .type(String.class)
              .description(key.description() + " (" + key.variable() + fallback + ")")
              .build());
    }
    spec.addOption(OptionSpec.builder("--help", "-h").usageHelp(true).build());
    spec.addOption(OptionSpec.builder("--version").versionHelp(true).build());
    spec.usageMessage().sortOptions(false).width(100);
    return spec;
  }

  private static Optional<Path> file(ParseResult parsed, Map<String, String> environment) {
    return Optional.ofNullable(
            parsed.hasMatchedOption(CONFIG)
                ? parsed.matchedOptionValue(CONFIG, "")
                : environment.get(CONFIG_VARIABLE))
        .map(Path::of);
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
