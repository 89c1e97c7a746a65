package dev.skiff.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;

/** What the command line makes of arguments and an environment. */
final class Parsed {
  private Parsed() {}

  static ServerConfig config(String... arguments) {
    return config(Map.of(), arguments);
  }

  static ServerConfig config(Map<String, String> environment, String... arguments) {
    return assertThat(CommandLine.parse(arguments, environment, "1.2.3"))
        .asInstanceOf(InstanceOfAssertFactories.type(CommandLine.Request.Serve.class))
        .actual()
        .config();
  }

  static String text(String... arguments) {
    return assertThat(CommandLine.parse(arguments, Map.of(), "1.2.3"))
        .asInstanceOf(InstanceOfAssertFactories.type(CommandLine.Request.Show.class))
        .actual()
        .text();
  }

  static void refuses(String message, String... arguments) {
    refuses(Map.of(), message, arguments);
  }

  static void refuses(Map<String, String> environment, String message, String... arguments) {
    assertThatExceptionOfType(ConfigException.class)
        .as("%s %s", environment, List.of(arguments))
        .isThrownBy(() -> CommandLine.parse(arguments, environment, "1.2.3"))
        .withMessage(message);
    assertThat(message).doesNotContain("\n");
  }
}
