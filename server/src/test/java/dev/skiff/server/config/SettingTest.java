package dev.skiff.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.Locale;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingTest {

  @ParameterizedTest
  @CsvSource({"1,1", "7,7", "10,10", "007,7"})
  void counts(String text, int expected) {
    assertThat(setting(text).count(1, 10)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0", "11", "-1", "", " 5", "5 ", "five", "1.0", "1e1", "+5", "٣", "99999999999"})
  void wrongCounts(String text) {
    refuses(text, setting -> setting.count(1, 10), "a whole number from 1 to 10");
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1024,1024"})
  void countsOrAuto(String text, int expected) {
    assertThat(setting(text).countOrAuto()).hasValue(expected);
    assertThat(setting("auto").countOrAuto()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1025", "Auto", "", "max"})
  void wrongCountsOrAuto(String text) {
    refuses(text, Setting::countOrAuto, "auto or a whole number from 1 to 1024");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1000000, 1000000",
    "17B, 17",
    "64KiB, 65536",
    "64MiB, 67108864",
    "64 MiB, 67108864",
    "2GiB, 2147483648",
    "999999999999999, 999999999999999"
  })
  void sizes(String text, long expected) {
    assertThat(setting(text).bytes()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "MiB", "-1", "1.5MiB", "64MB", "64mib", "64 M", "64MiB ", "1000000000000000"})
  void wrongSizes(String text) {
    refuses(text, Setting::bytes, "a size such as 1000000, 64MiB or 1GiB");
  }

  @Test
  void sizesBeyondALong() {
    refuses("999999999999GiB", Setting::bytes, "a size below 8 EiB");
  }

  @ParameterizedTest
  @CsvSource({
    "0s, PT0S",
    "250us, PT0.00025S",
    "500ms, PT0.5S",
    "30s, PT30S",
    "30 s, PT30S",
    "5m, PT5M",
    "2h, PT2H",
    "8760h, PT8760H"
  })
  void durations(String text, Duration expected) {
    assertThat(setting(text).duration()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "30", "s", "-1s", "1.5s", "30S", "30sec", "1d", "1m30s", "1000000000s"})
  void wrongDurations(String text) {
    refuses(text, Setting::duration, "a duration such as 500ms, 30s or 5m");
  }

  /** What does not fit the nanoseconds of a deadline, 292 years, is well over. */
  @ParameterizedTest
  @ValueSource(strings = {"8761h", "999999999h", "999999999s", "31536001s"})
  void durationsOverAYear(String text) {
    refuses(text, Setting::duration, "a duration of at most 8760h");
  }

  @Test
  void flags() {
    assertThat(setting("true").flag()).isTrue();
    assertThat(setting("false").flag()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "True", "yes", "1", "on"})
  void wrongFlags(String text) {
    refuses(text, Setting::flag, "true or false");
  }

  @Test
  void choices() {
    for (LogConfig.Level level : LogConfig.Level.values()) {
      String text = level.name().toLowerCase(Locale.ROOT);
      assertThat(setting(text).choice(LogConfig.Level.class)).isEqualTo(level);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "INFO", "Info", "trace"})
  void wrongChoices(String text) {
    refuses(
        text, setting -> setting.choice(LogConfig.Level.class), "one of error, warn, info, debug");
  }

  private static Setting setting(String text) {
    return new Setting("--key", text);
  }

  private static void refuses(String text, Function<Setting, Object> read, String expected) {
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> read.apply(setting(text)))
        .withMessage("--key: expected " + expected + ", got '" + text + "'")
        .returns("--key: expected " + expected + ", got '" + text + "'", ConfigException::line);
  }
}
