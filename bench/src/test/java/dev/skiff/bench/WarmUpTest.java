package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WarmUpTest {
  static Stream<Arguments> rates() {
    return Stream.of(
        Arguments.of(List.of(), false),
        Arguments.of(List.of(1000L, 1000L), false),
        Arguments.of(List.of(1000L, 1000L, 1000L), true),
        Arguments.of(List.of(950L, 1000L, 970L), true),
        Arguments.of(List.of(949L, 1000L, 970L), false),
        Arguments.of(List.of(1000L, 970L, 949L), false),
        Arguments.of(List.of(100L, 500L, 990L, 1000L, 980L), true),
        Arguments.of(List.of(1000L, 1000L, 1000L, 500L), false),
        Arguments.of(List.of(0L, 0L, 0L), false));
  }

  @ParameterizedTest
  @MethodSource("rates")
  void isStableWhenTheLastThreeSecondsAgreeWithinFivePercent(List<Long> rates, boolean stable) {
    assertThat(WarmUp.isStable(rates)).isEqualTo(stable);
  }
}
