package dev.skiff.server.config;

import java.util.Locale;

/**
 * One setting. Everything that a user reads of it, on the command line and in the README, comes
 * from here.
 *
 * @param name as the flag {@code --name} and as the key in the file
 * @param value what stands for the value in the help, such as {@code BYTES}
 * @param fallback the default, as a user would write it; empty for none
 * @param description one sentence without its full stop
 */
public record Key(String name, String value, String fallback, String description) {

  /** The flag, such as {@code --max-request-bytes}. */
  public String flag() {
    return "--" + name;
  }

  /** The environment variable, such as {@code SKIFF_MAX_REQUEST_BYTES}. */
  public String variable() {
    return "SKIFF_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
  }
}
