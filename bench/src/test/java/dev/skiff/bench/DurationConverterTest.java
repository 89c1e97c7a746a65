package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class DurationConverterTest {
  @ParameterizedTest
  @CsvSource({"500ms, 0.5", "10s, 10", "1.5s, 1.5", "2m, 120", "0s, 0"})
  void readsSeconds(String text, double seconds) {
    assertThat(new DurationConverter().convert(text)).isEqualTo(seconds);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10", "s", "-1s", "1h", "1s ", "1.s"})
  void refusesWhatIsNoDuration(String text) {
    assertThatThrownBy(() -> new DurationConverter().convert(text))
        .isInstanceOf(TypeConversionException.class);
  }

  @Test
  void aWarmUpIsADurationOrStable() {
    DurationConverter.ForWarmUp converter = new DurationConverter.ForWarmUp();

    assertThat(converter.convert("stable")).isEqualTo(new WarmUp.UntilStable());
    assertThat(converter.convert("2s")).isEqualTo(new WarmUp.Fixed(2));
  }
}
