package dev.skiff.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** How the values of one axis of a {@link Plot} lie on it. Pure. */
sealed interface Scale {

  /** Where a value lies, from 0 at the axis's start to 1 at its end. */
  double position(double value);

  /** The values to write at the axis. */
  List<Double> ticks();

  /** A value as it is written at the axis. */
  String label(double value);

  /** Equal steps, from {@code low} to {@code high}. */
  record Linear(double low, double high) implements Scale {
    private static final int MOST_TICKS = 8;

    @Override
    public double position(double value) {
      return (value - low) / (high - low);
    }

    @Override
    public List<Double> ticks() {
      double step = step((high - low) / MOST_TICKS);
      return DoubleStream.iterate(Math.ceil(low / step) * step, tick -> tick <= high, t -> t + step)
          .boxed()
          .toList();
    }

    /** The next of 1, 2, 5, 10, 20, ... */
    private static double step(double atLeast) {
      double power = Math.pow(10, Math.floor(Math.log10(atLeast)));
      return DoubleStream.of(power, 2 * power, 5 * power)
          .filter(step -> step >= atLeast)
          .findFirst()
          .orElse(10 * power);
    }

    @Override
    public String label(double value) {
      return number(value);
    }
  }

  /** Equal factors, in whole powers of ten. */
  record Logarithmic(int lowPower, int highPower) implements Scale {
    /** The powers of ten around these values, which are more than 0. */
    static Logarithmic around(double low, double high) {
      int lowPower = (int) Math.floor(Math.log10(low));
      return new Logarithmic(
          lowPower, Math.max(lowPower + 1, (int) Math.ceil(Math.log10(high) - 1e-9)));
    }

    @Override
    public double position(double value) {
      return (Math.log10(value) - lowPower) / (highPower - lowPower);
    }

    @Override
    public List<Double> ticks() {
      return IntStream.rangeClosed(lowPower, highPower).mapToObj(p -> Math.pow(10, p)).toList();
    }

    @Override
    public String label(double value) {
      return number(value);
    }
  }

  /**
   * Percentiles by the number of their nines, so that 90, 99 and 99.9 are equally far apart; those
   * beyond the last tick lie at the end.
   */
  record Nines(int count) implements Scale {
    @Override
    public double position(double percentile) {
      double nines = -Math.log10(Math.max(1 - percentile / 100, Math.pow(10, -count)));
      return nines / count;
    }

    @Override
    public List<Double> ticks() {
      return IntStream.rangeClosed(0, count).mapToObj(n -> 100 - Math.pow(10, 2 - n)).toList();
    }

    @Override
    public String label(double value) {
      return number(value) + " %";
    }
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.6f", value).replaceAll("0+$", "");
  }
}
