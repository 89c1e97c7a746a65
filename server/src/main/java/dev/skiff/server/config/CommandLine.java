package dev.skiff.server.config;

import java.util.Map;

/** What the user asked for when the process was started. */
public final class CommandLine {
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
    if (arguments.length == 0) {
      return new Request.Serve(Settings.merge(Map.of(), environment));
    }
    return switch (Arguments.parse(arguments, version)) {
      case Arguments.Parsed.Text(String text) -> new Request.Show(text);
      case Arguments.Parsed.Given(var flags) ->
          new Request.Serve(Settings.merge(flags, environment));
    };
  }
}
