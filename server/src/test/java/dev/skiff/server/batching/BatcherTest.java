package dev.skiff.server.batching;

import static dev.skiff.server.batching.Call.request;
import static dev.skiff.server.batching.Call.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class BatcherTest {
  private static final InferenceResponse ANSWER =
      new InferenceResponse(new LinkedHashMap<>(), 0, 7);

  private final GatedRunner runner = new GatedRunner();

  @AfterEach
  void letEveryoneGo() {
    runner.open();
  }

  @Test
  void anIdleModelRunsOnTheCallersThread() {
    List<Thread> threads = new ArrayList<>();
    Batcher batcher =
        Call.alone(
            request -> {
              threads.add(Thread.currentThread());
              return ANSWER;
            },
            1,
            0);
    InferenceResponse response = batcher.run(request());
    assertThat(threads).containsExactly(Thread.currentThread());
    assertThat(response.runNanos()).isEqualTo(7);
    assertThat(response.queueNanos()).isBetween(0L, Duration.ofSeconds(10).toNanos());
  }

  @Test
  void aDeadlineThatHasPassedNeverRuns() {
    Batcher batcher = Call.alone(runner, 1, 1);
    refuses(
        batcher,
        request(new Deadline(System.nanoTime())),
        "the request's deadline passed before the model could run");
    assertThat(runner.started()).isEmpty();
    runner.open();
    assertThat(batcher.run(request())).as("the turn is free again").isNotNull();
  }

  @Test
  @BadInput(87)
  void aDeadlineThatPassesWhileTheRequestWaitsNeverRuns() throws Exception {
    Batcher batcher = Call.alone(runner, 1, 1);
    Call first = new Call(batcher, request());
    until(() -> runner.started().size() == 1);
    refuses(
        batcher,
        request(Deadline.after(Duration.ofMillis(100))),
        "the request's deadline passed while the request waited for its turn");
    assertThat(batcher.waiting()).isZero();
    runner.open();
    first.answer();
    assertThat(runner.started()).containsExactly(first.request);
  }

  @Test
  void aThreadThatMustNotBlockGetsAnAnswerOrNone() throws Exception {
    Batcher batcher = Call.alone(request -> ANSWER, 1, 1);
    assertThat(batcher.tryRun(request()))
        .get()
        .extracting(InferenceResponse::runNanos)
        .isEqualTo(7L);

    Batcher busy = Call.alone(runner, 1, 1);
    Call first = new Call(busy, request());
    until(() -> runner.started().size() == 1);
    assertThat(busy.tryRun(request())).as("one runs").isEmpty();
    Call second = new Call(busy, request());
    until(() -> busy.waiting() == 1);
    assertThat(busy.tryRun(request())).as("one waits").isEmpty();
    assertThat(busy.waiting()).isEqualTo(1);
    runner.open();
    first.answer();
    second.answer();
    assertThat(busy.tryRun(request())).as("the turn is free again").isPresent();
  }

  @Test
  void whatTheRunnerThrowsIsPassedOnAndFreesTheTurn() {
    AtomicInteger runs = new AtomicInteger();
    RuntimeException failure = new IllegalStateException("the model failed");
    Batcher batcher =
        Call.alone(
            request -> {
              if (runs.incrementAndGet() <= 2) {
                throw failure;
              }
              return ANSWER;
            },
            1,
            0);
    for (int i = 0; i < 2; i++) {
      assertThatExceptionOfType(IllegalStateException.class)
          .isThrownBy(() -> batcher.run(request()))
          .isSameAs(failure);
    }
    assertThat(batcher.run(request()).runNanos()).isEqualTo(7);
  }

  private static void refuses(Batcher batcher, InferenceRequest request, String message) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> batcher.run(request))
        .returns(ErrorCode.DEADLINE_EXCEEDED, InferenceException::code)
        .withMessage(message);
  }
}
