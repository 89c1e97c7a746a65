package dev.skiff.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * How a quantity of B relates to the same quantity of A: the ratio of the means over one-second
 * windows, and its 95 % interval from a bootstrap that draws the runs of each side anew, and the
 * windows of each run that was drawn. The draws start from a fixed seed, so equal inputs give equal
 * answers. Windows of one run share that run's luck, so with one run on each side the interval
 * speaks for these two only. Pure.
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
  static Comparison ofRates(
      List<? extends List<? extends Number>> a, List<? extends List<? extends Number>> b) {
    return of(a, b, Verdict.SLOWER, Verdict.FASTER);
  }

  /** Compares latencies, of which less is faster. */
  static Comparison ofLatencies(
      List<? extends List<? extends Number>> a, List<? extends List<? extends Number>> b) {
    return of(a, b, Verdict.FASTER, Verdict.SLOWER);
  }

  private static Comparison of(
      List<? extends List<? extends Number>> a,
      List<? extends List<? extends Number>> b,
      Verdict below,
      Verdict above) {
    double[][] runsOfA = windows(a);
    double[][] runsOfB = windows(b);
    double ratio = mean(runsOfB) / mean(runsOfA);
    if (Math.min(count(runsOfA), count(runsOfB)) < FEWEST_WINDOWS) {
      return new Comparison(Verdict.TOO_SHORT, ratio, Double.NaN, Double.NaN);
    }
    double[] ratios = new double[DRAWS];
    SplittableRandom random = new SplittableRandom(SEED);
    Arrays.setAll(ratios, _ -> drawnMean(runsOfB, random) / drawnMean(runsOfA, random));
    Arrays.sort(ratios);
    double low = ratios[(int) (DRAWS * 0.025)];
    double high = ratios[(int) (DRAWS * 0.975) - 1];
    Verdict verdict = low > 1 ? above : high < 1 ? below : Verdict.THE_SAME;
    return new Comparison(verdict, ratio, low, high);
  }

  /** Of each run that has any. */
  private static double[][] windows(List<? extends List<? extends Number>> runs) {
    return runs.stream()
        .filter(run -> !run.isEmpty())
        .map(run -> run.stream().mapToDouble(Number::doubleValue).toArray())
        .toArray(double[][]::new);
  }

  private static int count(double[][] runs) {
    return Arrays.stream(runs).mapToInt(run -> run.length).sum();
  }

  private static double mean(double[][] runs) {
    return Arrays.stream(runs).flatMapToDouble(Arrays::stream).average().orElse(Double.NaN);
  }

  private static double drawnMean(double[][] runs, SplittableRandom random) {
    double sum = 0;
    int count = 0;
    for (int i = 0; i < runs.length; i++) {
      double[] run = runs[random.nextInt(runs.length)];
      for (int j = 0; j < run.length; j++) {
        sum += run[random.nextInt(run.length)];
      }
      count += run.length;
    }
    return sum / count;
  }

  @Override
  public String toString() {
    return verdict == Verdict.TOO_SHORT
        ? verdict.words()
        : String.format(
            Locale.ROOT, "%s: %.3f (95 %%: %.3f to %.3f)", verdict.words(), ratio, low, high);
  }
}
