package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs whose deadlines pass. The model counts, which would take it hours. */
@Timeout(240)
class DeadlineWatchTest {
  private static final long HOURS = 1L << 40;

  @Test
  @BadInput(88)
  void aRunBeyondItsDeadlineIsToldToEnd() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("slow")) {
      assertEnds(session, Duration.ofMillis(50));
      assertRuns(session);
    }
  }

  /** Also when the first to be watched has the later deadline, and another runs on. */
  @Test
  void eachRunHasItsOwnDeadline() throws Exception {
    try (OnnxSession session = Fixtures.open("slow");
        ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<?>> runs = new ArrayList<>();
      for (int millis : new int[] {3_000, 1_500, 50, 100}) {
        runs.add(threads.submit(() -> assertEnds(session, Duration.ofMillis(millis))));
      }
      runs.get(2).get();
      assertThat(runs.getFirst()).isNotDone();
      assertRuns(session);
      for (Future<?> run : runs) {
        run.get();
      }
    }
  }

  private static void assertEnds(OnnxSession session, Duration patience) {
    try (InferenceRequest request = count(HOURS, Deadline.after(patience))) {
      InferenceException late =
          catchThrowableOfType(InferenceException.class, () -> session.run(request));
      assertThat(late.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
      assertThat(late.reason()).isEqualTo("the request's deadline passed while the model ran");
    }
  }

  /** What the others left behind, options that end a run, is no use to this one. */
  private static void assertRuns(OnnxSession session) {
    Deadline later = Deadline.after(Duration.ofMinutes(1));
    for (int i = 0; i < 3; i++) {
      try (InferenceRequest request = count(2, later);
          InferenceResponse response = session.run(request)) {
        assertThat(Fixtures.floats(response, "y")).containsExactly(3, 4, 5);
      }
    }
  }

  private static InferenceRequest count(long iterations, Deadline deadline) {
    return new InferenceRequest(
        Map.of(
            "x", Fixtures.fp32(Shape.of(1, 3), 1, 2, 3),
            "iterations", Fixtures.int64(Shape.of(1), iterations)),
        List.of("y"),
        deadline);
  }
}
