package dev.skiff.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * How a quantity of B relates to the same quantity of A: the ratio of the means over one-second
 * windows, and its 95 % interval from a bootstrap that draws the windows of each side anew. The
 * draws start from a fixed seed, so equal inputs give equal answers. Windows of one run share that
 * run's luck, so the interval speaks for these two runs only. Pure.
 *
 * @param ratio mean of B over mean of A
 * @param low lower end of the 95 % interval of the ratio
 * @param high upper end
 */
record Comparison(Verdict verdict, double ratio, double low, double high) {
  enum Verdict {
    FASTER("faster"),
    SLOWER("slower"),
    THE_SAME("the same"),
    /** Fewer than {@value #FEWEST_WINDOWS} windows on a side. */
    TOO_SHORT("too short to say");

    private final String words;

    Verdict(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  static final int FEWEST_WINDOWS = 5;
  private static final int DRAWS = 10_000;
  private static final long SEED = 42;

  /** Compares rates, of which more is faster. */
  static Comparison ofRates(List<? extends Number> a, List<? extends Number> b) {
    return of(a, b, Verdict.SLOWER, Verdict.FASTER);
  }

  /** Compares latencies, of which less is faster. */
  static Comparison ofLatencies(List<? extends Number> a, List<? extends Number> b) {
    return of(a, b, Verdict.FASTER, Verdict.SLOWER);
  }

  private static Comparison of(
      List<? extends Number> a, List<? extends Number> b, Verdict below, Verdict above) {
    double[] windowsOfA = a.stream().mapToDouble(Number::doubleValue).toArray();
    double[] windowsOfB = b.stream().mapToDouble(Number::doubleValue).toArray();
    double ratio = mean(windowsOfB) / mean(windowsOfA);
    if (Math.min(windowsOfA.length, windowsOfB.length) < FEWEST_WINDOWS) {
      return new Comparison(Verdict.TOO_SHORT, ratio, Double.NaN, Double.NaN);
    }
    double[] ratios = new double[DRAWS];
    SplittableRandom random = new SplittableRandom(SEED);
    Arrays.setAll(ratios, _ -> drawnMean(windowsOfB, random) / drawnMean(windowsOfA, random));
    Arrays.sort(ratios);
    double low = ratios[(int) (DRAWS * 0.025)];
    double high = ratios[(int) (DRAWS * 0.975) - 1];
    Verdict verdict = low > 1 ? above : high < 1 ? below : Verdict.THE_SAME;
    return new Comparison(verdict, ratio, low, high);
  }

  private static double mean(double[] windows) {
    return Arrays.stream(windows).average().orElse(Double.NaN);
  }

  private static double drawnMean(double[] windows, SplittableRandom random) {
    double sum = 0;
    for (int i = 0; i < windows.length; i++) {
      sum += windows[random.nextInt(windows.length)];
    }
    return sum / windows.length;
  }

  @Override
  public String toString() {
    return verdict == Verdict.TOO_SHORT
        ? verdict.words()
        : String.format(
            Locale.ROOT, "%s: %.3f (95 %%: %.3f to %.3f)", verdict.words(), ratio, low, high);
  }
}
