package dev.skiff.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.batching.BatchPolicy.Decision;
import dev.skiff.server.batching.BatchPolicy.Queue;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchPolicyTest {
  private static final long NEVER = 1_000_000;

  /** The oldest came at 100; it is 100 now too, and no deadline is near. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # max | preferred | delay | rows        | run (0: wait)
          8     |           | 0     | 1           | 1
          8     |           | 0     | 1 1 1       | 3
          8     |           | 0     | 3 3 3       | 2
          8     |           | 0     | 4 4 1       | 2
          8     |           | 0     | 9           | 1
          8     |           | 0     | 9 1         | 1
          8     |           | 0     | 1 9         | 1
          1     |           | 0     | 1 1         | 1
          8     |           | 50    | 1           | 0
          8     |           | 50    | 3 3         | 0
          8     |           | 50    | 3 3 3       | 2
          8     |           | 50    | 4 4         | 2
          8     |           | 50    | 9           | 1
          1     |           | 50    | 1           | 1
          8     | 2 4       | 0     | 1           | 1
          8     | 2 4       | 0     | 1 1         | 2
          8     | 2 4       | 0     | 1 1 1       | 2
          8     | 2 4       | 0     | 1 1 1 1 1   | 4
          8     | 2 4       | 0     | 3 3         | 2
          8     | 2 4       | 50    | 1           | 0
          8     | 2 4       | 50    | 1 1 1       | 2
          8     | 2 4       | 50    | 3 3         | 0
          8     | 2 4       | 50    | 3 1 7       | 2
          8     | 4 8       | 50    | 3 3 3       | 2
          8     | 8         | 50    | 5 3 1       | 2
          """)
  void whileNobodyHasWaited(
      long max, @Nullable String preferred, long delay, String rows, int run) {
    Decision expected = run == 0 ? new Decision.Wait(100 + delay) : new Decision.Run(run);
    assertThat(decide(max, preferred, delay, rows, 100, NEVER)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"100, 0", "149, 0", "150, 3", "151, 3", "900, 3"})
  void theDelayOfTheOldestIsTheDelayOfAll(long now, int run) {
    Decision expected = run == 0 ? new Decision.Wait(150) : new Decision.Run(run);
    assertThat(decide(8, "4", 50, "1 1 1", now, NEVER)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"151, 0", "150, 2", "120, 2", "90, 2"})
  void nobodyMissesADeadlineByWaiting(long deadline, int run) {
    Decision expected = run == 0 ? new Decision.Wait(150) : new Decision.Run(run);
    assertThat(decide(8, "", 50, "1 1", 100, deadline)).isEqualTo(expected);
  }

  @Test
  void aClockThatOverflowsIsNoTrouble() {
    BatchPolicy policy = new BatchPolicy(8, Set.of(), 50);
    long oldest = Long.MAX_VALUE - 10;
    Queue queue = new Queue(List.of(1L), oldest, oldest + 500);
    assertThat(policy.decide(queue, oldest + 1)).isEqualTo(new Decision.Wait(oldest + 50));
    assertThat(policy.decide(queue, oldest + 50)).isEqualTo(new Decision.Run(1));
  }

  @ParameterizedTest
  @CsvSource({"1", "5", "1 1 1", "7 7"})
  void aloneEachRunsByItself(String rows) {
    Queue queue = new Queue(longs(rows).toList(), 100, NEVER);
    assertThat(BatchPolicy.ALONE.decide(queue, 100)).isEqualTo(new Decision.Run(1));
  }

  private static Decision decide(
      long max, @Nullable String preferred, long delay, String rows, long now, long deadline) {
    Set<Long> sizes = longs(preferred).collect(Collectors.toSet());
    return new BatchPolicy(max, sizes, delay)
        .decide(new Queue(longs(rows).toList(), 100, deadline), now);
  }

  private static Stream<Long> longs(@Nullable String texts) {
    return texts == null || texts.isBlank()
        ? Stream.of()
        : Stream.of(texts.split(" ")).map(Long::valueOf);
  }
}
