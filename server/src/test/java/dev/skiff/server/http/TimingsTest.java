package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimingsTest {

  @Test
  void writesThePartsOfAPrediction() {
    assertThat(Timings.prediction(12_345, 0, 1_234_567_890, 999))
        .isEqualTo("read;dur=0.012, queue;dur=0.000, run;dur=1234.567, write;dur=0.000");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0.000",
    "999, 0.000",
    "1000, 0.001",
    "10000, 0.010",
    "100000, 0.100",
    "1000000, 1.000",
    "1099999, 1.099",
    "-5, 0.000",
    "9223372036854775807, 9223372036854.775",
  })
  void writesMillisecondsWithThreeDecimals(long nanos, String millis) {
    assertThat(Timings.total(nanos)).isEqualTo("total;dur=" + millis);
  }
}
