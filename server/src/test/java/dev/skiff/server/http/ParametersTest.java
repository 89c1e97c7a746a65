package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParametersTest {

  @Test
  void readsTextsNumbersAndTruthValues() {
    assertThat(read("{\"a\":\"b\",\"c\":1,\"d\":1.5,\"e\":true,\"f\":12345678901}").values())
        .containsOnly(
            Map.entry("a", "b"),
            Map.entry("c", 1),
            Map.entry("d", 1.5),
            Map.entry("e", true),
            Map.entry("f", 12_345_678_901L));
    assertThat(read("{}").values()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"a\":null}", "{\"a\":[]}", "{\"a\":{}}", "[]", "5", "null", "\"a\""})
  void refusesOtherValues(String json) {
    assertInvalid(() -> read(json)).startsWith("expected ");
  }

  @Test
  void keepsLittleOfALongText() {
    assertThat(read("{\"a\":\"" + "b".repeat(60_000) + "\"}").values())
        .containsOnly(Map.entry("a", "b".repeat(128) + "..."));
    assertInvalid(() -> read("{\"a\":\"" + "b".repeat(70_000) + "\"}"))
        .startsWith("a string or a number has more than 65536");
  }

  @Test
  void letsUnknownNamesBe() {
    Parameters parameters = read("{\"anything\":1,\"priority\":2}");
    assertThat(parameters.request()).isEmpty();
    assertThat(parameters.input()).isEmpty();
    assertThat(parameters.output()).isEmpty();
    assertThat(parameters.binaryOutput()).isEmpty();
    assertThat(parameters.binaryOutputs()).isFalse();
  }

  @Test
  void readsWishesForBinaryData() {
    assertThat(read("{\"binary_data_output\":true}").binaryOutputs()).isTrue();
    assertThat(read("{\"binary_data_output\":false}").binaryOutputs()).isFalse();
    assertThat(read("{\"binary_data\":true}").binaryOutput()).contains(true);
    assertThat(read("{\"binary_data\":false}").binaryOutput()).contains(false);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 1L << 31, Long.MAX_VALUE})
  void readsTheSizeOfBinaryData(long size) {
    assertThat(read("{\"binary_data_size\":" + size + "}").input()).hasValue(size);
  }

  @Test
  void readsATimeoutInMicroseconds() {
    assertThat(read("{\"timeout\":1}").request()).contains(Duration.ofNanos(1_000));
    assertThat(read("{\"timeout\":86400000000}").request()).contains(Duration.ofDays(1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-1",
        "86400000001",
        "9223372036854775807",
        "9223372036854775808",
        "1.0",
        "1e3",
        "\"1\"",
        "true"
      })
  void refusesOtherTimeouts(String timeout) {
    assertInvalid(() -> read("{\"timeout\":" + timeout + "}").request())
        .contains("'timeout'")
        .contains("microseconds");
  }

  @ParameterizedTest
  @ValueSource(strings = {"sequence_id", "sequence_start", "sequence_end"})
  void refusesSequences(String name) {
    assertInvalid(() -> read("{\"" + name + "\":1}").request()).contains(name);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"shared_memory_region", "shared_memory_byte_size", "shared_memory_offset"})
  void refusesSharedMemory(String name) {
    assertInvalid(() -> read("{\"" + name + "\":1}").input()).contains("shared memory");
    assertInvalid(() -> read("{\"" + name + "\":1}").output()).contains("shared memory");
  }

  private static Parameters read(String json) {
    return Json.read(body(json), Parameters::read);
  }
}
