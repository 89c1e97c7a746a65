package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PacerTest {
  private static final long SECOND = 1_000_000_000L;

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          # rate, offset,    elapsed,       sent, wait
          1,      0,         0,             0,    0
          1,      0,         0,             1,    1_000_000_000
          1,      0,         400_000_000,   1,    600_000_000
          1,      0,         1_000_000_000, 1,    0
          1,      0,         1_100_000_000, 1,    0
          1,      0,         1_100_000_000, 2,    900_000_000
          1000,   0,         0,             1,    1_000_000
          1000,   0,         10_000_000,    3,    0
          1000,   0,         10_000_000,    11,   1_000_000
          3,      0,         0,             1,    333_333_333
          3,      0,         0,             2,    666_666_667
          0.5,    0,         500_000_000,   1,    1_500_000_000
          1,      250,       0,             0,    250
          1,      250,       250,           0,    0
          1,      250,       250,           1,    1_000_000_000
          """)
  void openLoopWaitsForThePlan(double rate, String offset, String elapsed, long sent, String wait) {
    Pacer pacer = new Pacer.Constant(rate, nanos(offset));

    assertThat(pacer.waitNanos(nanos(elapsed), sent)).isEqualTo(nanos(wait));
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          # rate, elapsed,       sent, backlog
          1000,   0,             0,    0
          1000,   1,             0,    1
          1000,   1_000_000,     0,    1
          1000,   1_000_001,     0,    2
          1000,   1_000_000_000, 0,    1000
          1000,   1_000_000_000, 990,  10
          1000,   1_000_000_000, 1001, 0
          3,      1_000_000_000, 0,    3
          0.1,    1_000_000_000, 1,    0
          """)
  void openLoopKnowsWhatItIsBehind(double rate, String elapsed, long sent, long backlog) {
    Pacer pacer = new Pacer.Constant(rate, 0);

    assertThat(pacer.backlog(nanos(elapsed), sent)).isEqualTo(backlog);
  }

  @Test
  void openLoopDoesNotMoveThePlanOfALateRequest() {
    Pacer pacer = new Pacer.Constant(1000, 0);

    assertThat(pacer.dueNanos(5 * SECOND, 3)).isEqualTo(3_000_000);
  }

  @Test
  void openLoopDoesNotDriftOverADay() {
    Pacer pacer = new Pacer.Constant(30_000, 0);
    long day = 86_400 * SECOND;

    assertThat(pacer.dueNanos(day, 86_400L * 30_000)).isEqualTo(day);
  }

  @Test
  void workersShareTheRateInTurns() {
    Loop loop = new Loop.Open(1000);

    assertThat(loop.pacer(0, 4)).isEqualTo(new Pacer.Constant(250, 0));
    assertThat(loop.pacer(3, 4)).isEqualTo(new Pacer.Constant(250, 3_000_000));
  }

  @Test
  void closedLoopNeverWaits() {
    Pacer pacer = new Loop.Closed().pacer(0, 1);

    assertThat(pacer.waitNanos(5, 1_000_000)).isZero();
    assertThat(pacer.dueNanos(5, 1_000_000)).isEqualTo(5);
    assertThat(pacer.backlog(SECOND, 0)).isZero();
  }

  private static long nanos(String text) {
    return Long.parseLong(text.replace("_", ""));
  }
}
