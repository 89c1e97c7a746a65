package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConcurrencyTest {

  /** 0 stands for a key that is left open. */
  @ParameterizedTest
  @CsvSource({
    // runs, threads, CPUs, costly -> runs, threads
    "0, 0, 1, false, 1, 1",
    "0, 0, 1, true, 1, 1",
    "0, 0, 4, false, 4, 1",
    "0, 0, 4, true, 1, 4",
    "2, 0, 4, false, 2, 3",
    "2, 0, 4, true, 2, 3",
    "8, 0, 4, false, 8, 1",
    "0, 3, 4, false, 2, 3",
    "0, 3, 4, true, 2, 3",
    "0, 8, 4, true, 1, 8",
    "5, 6, 4, false, 5, 6"
  })
  void isChosenTogether(
      int runs, int threads, int cpus, boolean costly, int chosenRuns, int chosenThreads) {
    assertThat(Concurrency.choose(given(runs), given(threads), cpus, costly))
        .isEqualTo(new Concurrency(chosenRuns, chosenThreads));
  }

  @Test
  void byDefaultNeverMoreThreadsAreAtWorkThanThereAreCpus() {
    for (int cpus = 1; cpus <= 64; cpus++) {
      for (int given = 0; given <= cpus; given++) {
        for (boolean costly : new boolean[] {false, true}) {
          assertFits(Concurrency.choose(given(given), OptionalInt.empty(), cpus, costly), cpus);
          assertFits(Concurrency.choose(OptionalInt.empty(), given(given), cpus, costly), cpus);
        }
      }
    }
  }

  private static void assertFits(Concurrency chosen, int cpus) {
    assertThat(chosen.runs() + chosen.intraOpThreads() - 1).isPositive().isLessThanOrEqualTo(cpus);
  }

  @Test
  void aGpuHasOneRunAtATime() {
    assertThat(Concurrency.onAccelerator(given(0), given(0))).isEqualTo(new Concurrency(1, 1));
    assertThat(Concurrency.onAccelerator(given(2), given(3))).isEqualTo(new Concurrency(2, 3));
  }

  private static OptionalInt given(int value) {
    return value == 0 ? OptionalInt.empty() : OptionalInt.of(value);
  }
}
