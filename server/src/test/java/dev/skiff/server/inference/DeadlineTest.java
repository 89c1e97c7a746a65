package dev.skiff.server.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeadlineTest {

  @Test
  void oneHourFromNowHasNotPassed() {
    Duration hour = Duration.ofHours(1);
    long before = System.nanoTime();
    Deadline deadline = Deadline.after(hour);
    long after = System.nanoTime();
    assertThat(deadline.nanoTime() - before).isGreaterThanOrEqualTo(hour.toNanos());
    assertThat(deadline.nanoTime() - after).isLessThanOrEqualTo(hour.toNanos());
    assertThat(deadline.remainingNanos()).isBetween(1L, hour.toNanos());
    assertThat(deadline.passed()).isFalse();
  }

  @Test
  void nowAndBeforeHavePassed() {
    assertThat(new Deadline(System.nanoTime()).passed()).isTrue();
    assertThat(Deadline.after(Duration.ofHours(-1)).passed()).isTrue();
    assertThat(Deadline.after(Duration.ofHours(-1)).remainingNanos()).isNegative();
  }

  /** The clock of {@code System.nanoTime} may be anywhere and may overflow. */
  @Test
  void aDeadlineBeyondTheClocksOverflowHasNotPassed() {
    Deadline far = new Deadline(System.nanoTime() + Long.MAX_VALUE - Duration.ofHours(1).toNanos());
    assertThat(far.passed()).isFalse();
  }

  @Test
  void theErrorSaysWhereTheDeadlinePassed() {
    InferenceException error = Deadline.exceeded("in the test");
    assertThat(error.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    assertThat(error.reason()).isEqualTo("the request's deadline passed in the test");
  }
}
