package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScaleTest {
  @Test
  void aLinearAxisHasRoundTicks() {
    Scale scale = new Scale.Linear(-3, 10);

    assertThat(scale.ticks()).containsExactly(-2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0);
    assertThat(scale.position(-3)).isZero();
    assertThat(scale.position(10)).isEqualTo(1);
    assertThat(new Scale.Linear(0, 24_000).ticks()).endsWith(20_000.0);
    assertThat(scale.label(20_000)).isEqualTo("20,000");
  }

  @Test
  void aLogarithmicAxisEndsAtPowersOfTen() {
    Scale scale = Scale.Logarithmic.around(38, 1000);

    assertThat(scale.ticks()).containsExactly(10.0, 100.0, 1000.0);
    assertThat(scale.position(100)).isEqualTo(0.5, within(1e-9));
    assertThat(Scale.Logarithmic.around(10, 10).ticks()).containsExactly(10.0, 100.0);
  }

  @Test
  void percentilesAreApartByTheirNines() {
    Scale scale = new Scale.Nines(4);

    assertThat(scale.ticks().stream().map(scale::label))
        .containsExactly("0 %", "90 %", "99 %", "99.9 %", "99.99 %");
    assertThat(scale.position(99)).isEqualTo(0.5, within(1e-9));
    assertThat(scale.position(100)).isEqualTo(1);
  }
}
