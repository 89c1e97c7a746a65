package dev.skiff.server.config;

import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text that was given for one key.
 *
 * @param origin where it came from, as the user would look for it: a flag, a variable, a file's key
 */
record Setting(String origin, String text) {
  static final int MAX_PORT = 65_535;

  private static final Pattern COUNT = Pattern.compile("\\d{1,10}");
  private static final Pattern SIZE = Pattern.compile("(\\d{1,15})\\s*(|B|KiB|MiB|GiB)");
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(us|ms|s|m|h)");
  private static final Pattern OPTION = Pattern.compile("\\s*([a-z][a-z0-9_]*)=([\\w.-]+)\\s*");
  private static final SortedMap<String, String> OWN_KEYS =
      new TreeMap<>(
          Map.of(
              "device_id", Keys.GPU_DEVICE.name(), "gpu_mem_limit", Keys.GPU_MEMORY_LIMIT.name()));
  private static final Duration LONGEST = Duration.ofDays(365);

  /** A whole number within these bounds. */
  int count(int minimum, int maximum) {
    if (COUNT.matcher(text).matches()) {
      long number = Long.parseLong(text);
      if (number >= minimum && number <= maximum) {
        return (int) number;
      }
    }
    throw wrong("a whole number from " + minimum + " to " + maximum);
  }

  /** A whole number of at least 1, or nothing for {@code auto}. */
  OptionalInt countOrAuto() {
    if (text.equals("auto")) {
      return OptionalInt.empty();
    }
    try {
      return OptionalInt.of(count(1, 1024));
    } catch (ConfigException e) {
      throw wrong("auto or a whole number from 1 to 1024");
    }
  }

  /** The path of a file, if there is one. */
  Optional<Path> file() {
    return Optional.of(text).filter(path -> !path.isEmpty()).map(Path::of);
  }

  /** A port, or nothing for {@code none}. */
  OptionalInt portOrNone() {
    if (text.equals("none")) {
      return OptionalInt.empty();
    }
    try {
      return OptionalInt.of(count(0, MAX_PORT));
    } catch (ConfigException e) {
      throw wrong("none or a whole number from 0 to " + MAX_PORT);
    }
  }

  /** A number of bytes: plain, or in KiB, MiB or GiB. */
  long bytes() {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      throw wrong("a size such as 1000000, 64MiB or 1GiB");
    }
    long factor =
        switch (matcher.group(2)) {
          case "KiB" -> 1L << 10;
          case "MiB" -> 1L << 20;
          case "GiB" -> 1L << 30;
          default -> 1;
        };
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), factor);
    } catch (ArithmeticException e) {
      throw wrong("a size below 8 EiB");
    }
  }

  /** A number of bytes, or nothing for {@code none}. */
  OptionalLong bytesOrNone() {
    if (text.equals("none")) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(bytes());
    } catch (ConfigException e) {
      throw wrong("none or a size such as 1000000, 64MiB or 1GiB");
    }
  }

  /** Settings of ONNX Runtime's CUDA provider, such as {@code use_tf32=0,prefer_nhwc=1}. */
  SortedMap<String, String> cudaOptions() {
    SortedMap<String, String> options = new TreeMap<>();
    if (text.isEmpty()) {
      return options;
    }
    for (String part : text.split(",", -1)) {
      Matcher matcher = OPTION.matcher(part);
      if (!matcher.matches() || options.put(matcher.group(1), matcher.group(2)) != null) {
        throw wrong("pairs such as use_tf32=0,prefer_nhwc=1, each name once");
      }
    }
    for (String own : OWN_KEYS.keySet()) {
      if (options.containsKey(own)) {
        throw wrong("no " + own + ", which has its own key, " + OWN_KEYS.get(own));
      }
    }
    return options;
  }

  /**
   * A duration with its unit: us, ms, s, m or h; a year at most, so that it always fits a deadline.
   */
  Duration duration() {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw wrong("a duration such as 500ms, 30s or 5m");
    }
    long number = Long.parseLong(matcher.group(1));
    Duration duration =
        switch (matcher.group(2)) {
          case "us" -> Duration.of(number, ChronoUnit.MICROS);
          case "ms" -> Duration.ofMillis(number);
          case "s" -> Duration.ofSeconds(number);
          case "m" -> Duration.ofMinutes(number);
          default -> Duration.ofHours(number);
        };
    if (duration.compareTo(LONGEST) > 0) {
      throw wrong("a duration of at most " + LONGEST.toHours() + "h");
    }
    return duration;
  }

  boolean flag() {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong("true or false");
    };
  }

  /** One of an enum's constants, in lower case. */
  <E extends Enum<E>> E choice(Class<E> type) {
    StringBuilder names = new StringBuilder();
    for (E constant : type.getEnumConstants()) {
      String name = constant.name().toLowerCase(Locale.ROOT);
      if (name.equals(text)) {
        return constant;
      }
      names.append(names.isEmpty() ? "" : ", ").append(name);
    }
    throw wrong("one of " + names);
  }

  ConfigException wrong(String expected) {
    return new ConfigException(origin + ": expected " + expected + ", got '" + text + "'");
  }
}
