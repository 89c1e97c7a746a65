package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A measurement that went wrong must not look like a small image. */
class BudgetsTest {
  @ParameterizedTest
  @EnumSource
  void nothingMeasuredIsABrokenBudget(Budgets budget) {
    assertThat(budget.holds(0)).isFalse();
    assertThat(budget.holds(-1)).isFalse();
    assertThat(budget.holds(Double.NaN)).isFalse();
    assertThat(budget.holds(Double.POSITIVE_INFINITY)).isFalse();
    assertThat(budget.line(0)).endsWith("BROKEN");
  }

  @ParameterizedTest
  @ValueSource(doubles = {1, 129.9, 130})
  void aSumWithinItsLimitHolds(double megabytes) {
    assertThat(Budgets.IMAGE.holds(megabytes)).isTrue();
    assertThat(Budgets.IMAGE.line(megabytes)).endsWith("at most 130.0");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.95, 1})
  void aShareIsHeldFromBelow(double share) {
    assertThat(Budgets.AOT_SHARE.holds(share)).isTrue();
    assertThat(Budgets.AOT_SHARE.holds(share - 0.06)).isFalse();
  }
}
