package dev.skiff.server.config;

import java.util.Arrays;
import java.util.Map;

/** What the user asked for when the process was started. */
public final class CommandLine {
  /** The first argument of one who does not want to serve but to know why a GPU is not used. */
  static final String DOCTOR = "doctor";

  private CommandLine() {}

  /** What the user asked for. */
  public sealed interface Request {
    /** To serve. */
    record Serve(ServerConfig config) implements Request {}

    /** To find out whether a GPU can be used. */
    record Examine(ProviderConfig provider) implements Request {}

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
    boolean examine = arguments[0].equals(DOCTOR);
    String[] rest = examine ? Arrays.copyOfRange(arguments, 1, arguments.length) : arguments;
    return switch (Arguments.parse(rest, version)) {
      case Arguments.Parsed.Text(String text) -> new Request.Show(text);
      case Arguments.Parsed.Given(var flags) -> {
        ServerConfig config = Settings.merge(flags, environment);
        yield examine
            ? new Request.Examine(config.runtime().provider())
            : new Request.Serve(config);
      }
    };
  }
}
