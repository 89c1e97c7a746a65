package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.skiff.bench.Comparison.Verdict;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static final List<Long> QUIET = List.of(1000L, 1010L, 990L, 1005L, 995L, 1000L);
  private static final List<Long> QUIET_AND_TENTH_MORE =
      QUIET.stream().map(rate -> rate + 100).toList();
  private static final List<Long> NOISY = List.of(600L, 1500L, 700L, 1600L, 800L, 1300L);

  private static Comparison ofRates(List<Long> a, List<Long> b) {
    return Comparison.ofRates(List.of(a), List.of(b));
  }

  private static Comparison ofLatencies(List<Long> a, List<Long> b) {
    return Comparison.ofLatencies(List.of(a), List.of(b));
  }

  @Test
  void aRunIsTheSameAsItself() {
    Comparison comparison = ofRates(QUIET, QUIET);

    assertThat(comparison.verdict()).isEqualTo(Verdict.THE_SAME);
    assertThat(comparison.ratio()).isEqualTo(1);
  }

  @Test
  void aClearDifferenceInRateHasADirection() {
    assertThat(ofRates(QUIET, QUIET_AND_TENTH_MORE).verdict()).isEqualTo(Verdict.FASTER);
    assertThat(ofRates(QUIET_AND_TENTH_MORE, QUIET).verdict()).isEqualTo(Verdict.SLOWER);
  }

  @Test
  void aLowerLatencyIsFaster() {
    assertThat(ofLatencies(QUIET_AND_TENTH_MORE, QUIET).verdict()).isEqualTo(Verdict.FASTER);
    assertThat(ofLatencies(QUIET, QUIET_AND_TENTH_MORE).verdict()).isEqualTo(Verdict.SLOWER);
  }

  @Test
  void theSameDifferenceIsLostInNoise() {
    Comparison comparison = ofRates(QUIET, NOISY);

    assertThat(comparison.ratio()).isCloseTo(1.083, within(0.001));
    assertThat(comparison.verdict()).isEqualTo(Verdict.THE_SAME);
  }

  @Test
  void theIntervalSurroundsTheRatioAndIsRepeatable() {
    Comparison comparison = ofRates(QUIET, QUIET_AND_TENTH_MORE);

    assertThat(comparison.low()).isLessThan(comparison.ratio());
    assertThat(comparison.high()).isGreaterThan(comparison.ratio());
    assertThat(comparison).isEqualTo(ofRates(QUIET, QUIET_AND_TENTH_MORE));
  }

  /** Two means of six windows, each with a standard deviation of 7.07, give 0.0082 either way. */
  @Test
  void theIntervalIsAsWideAsTheoryHasIt() {
    Comparison comparison = ofRates(QUIET, QUIET);

    double standardError = 6.45 / 1000 * Math.sqrt(2.0 / 6);
    assertThat(comparison.high() - comparison.low())
        .isCloseTo(2 * 1.96 * standardError, within(0.002));
  }

  @Test
  void fewerThanFiveSecondsSayNothing() {
    assertThat(ofRates(List.of(1L, 1L, 1L, 1L), QUIET).verdict()).isEqualTo(Verdict.TOO_SHORT);
    assertThat(ofRates(List.of(), List.of()).toString()).isEqualTo("too short to say");
  }

  /** The seconds of each run agree, but the runs do not: more seconds would not tell more. */
  @Test
  void runsThatDifferAmongThemselvesWidenTheInterval() {
    List<List<Long>> apart = List.of(QUIET, QUIET.stream().map(rate -> rate * 2).toList());
    List<Long> together = apart.stream().flatMap(List::stream).toList();

    Comparison byRuns = Comparison.ofRates(apart, apart);
    Comparison bySeconds = ofRates(together, together);

    assertThat(byRuns.verdict()).isEqualTo(Verdict.THE_SAME);
    assertThat(byRuns.ratio()).isEqualTo(1);
    assertThat(byRuns.high() - byRuns.low())
        .isGreaterThan(2 * (bySeconds.high() - bySeconds.low()));
  }

  @Test
  void aDifferenceThatAllRunsShareHasADirection() {
    assertThat(
            Comparison.ofRates(
                    List.of(QUIET, QUIET, QUIET),
                    List.of(QUIET_AND_TENTH_MORE, QUIET_AND_TENTH_MORE, QUIET_AND_TENTH_MORE))
                .verdict())
        .isEqualTo(Verdict.FASTER);
  }

  @Test
  void secondsOfShortRunsCountTogether() {
    List<Long> three = QUIET.subList(0, 3);

    assertThat(Comparison.ofRates(List.of(three), List.of(three)).verdict())
        .isEqualTo(Verdict.TOO_SHORT);
    assertThat(
            Comparison.ofRates(List.of(three, three), List.of(three, List.of(), three)).verdict())
        .isEqualTo(Verdict.THE_SAME);
  }
}
