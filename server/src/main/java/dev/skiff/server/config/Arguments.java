package dev.skiff.server.config;

import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The arguments of the command line, read by picocli. A container is started without any as a rule;
 * then this class stays untouched, which saves a cold start some 150 classes that no AOT cache can
 * hold (picocli is compiled for Java 5).
 */
final class Arguments {
  private Arguments() {}

  /** What the arguments say. */
  sealed interface Parsed {
    /** A text that was asked for. */
    record Text(String text) implements Parsed {}

    /** The settings that were given, by the name of their key or {@code config}. */
    record Given(Map<String, Setting> settings) implements Parsed {}
  }

  /**
   * Reads the arguments.
   *
   * @param version what {@code --version} prints
   * @throws ConfigException for an unknown flag or a flag without its value
   */
  static Parsed parse(String[] arguments, String version) {
    CommandLine commandLine = new CommandLine(spec()).setExpandAtFiles(false);
    ParseResult parsed;
    try {
      parsed = commandLine.parseArgs(arguments);
    } catch (ParameterException e) {
      throw new ConfigException(e.getMessage() + "; see --help");
    }
    if (parsed.hasMatchedOption("--help")) {
      return new Parsed.Text(commandLine.getUsageMessage());
    }
    if (parsed.hasMatchedOption("--version")) {
      return new Parsed.Text("skiff " + version + System.lineSeparator());
    }
    Map<String, Setting> settings = new HashMap<>();
    for (OptionSpec option : parsed.matchedOptionsSet()) {
      String flag = option.longestName();
      settings.put(flag.substring(2), new Setting(flag, option.getValue()));
    }
    if (parsed.hasMatchedPositional(0)) {
      settings.put(
          Keys.MODELS.name(),
          new Setting(Keys.MODELS.value(), parsed.matchedPositionalValue(0, "")));
    }
    return new Parsed.Given(settings);
  }

  private static CommandSpec spec() {
    CommandSpec spec = CommandSpec.create().name("skiff");
    spec.usageMessage()
        .description(
            "Serves the ONNX models of a folder over HTTP.",
            "'skiff doctor' finds out instead whether a GPU can be used, and if not, what to do.");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .paramLabel(Keys.MODELS.value())
            .type(String.class)
            .description("the model repository")
            .build());
    spec.addOption(
        OptionSpec.builder("--" + Settings.CONFIG)
            .paramLabel("FILE")
            .type(String.class)
            .description("a JSON object with any of these keys (" + Settings.CONFIG_VARIABLE + ")")
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
    spec.addOption(
        OptionSpec.builder("--help", "-h").usageHelp(true).description("this text").build());
    spec.addOption(
        OptionSpec.builder("--version").versionHelp(true).description("the version").build());
    spec.usageMessage().sortOptions(false).width(100);
    return spec;
  }
}
