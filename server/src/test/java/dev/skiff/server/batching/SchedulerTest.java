package dev.skiff.server.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class SchedulerTest {
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
    Scheduler scheduler =
        new Scheduler(
            request -> {
              threads.add(Thread.currentThread());
              return ANSWER;
            },
            1,
            0);
    InferenceResponse response = scheduler.run(request());
    assertThat(threads).containsExactly(Thread.currentThread());
    assertThat(response.runNanos()).isEqualTo(7);
    assertThat(response.queueNanos()).isBetween(0L, Duration.ofSeconds(10).toNanos());
  }

  @Test
  void noMoreRunAtATimeThanMayAndTheOthersWait() throws Exception {
    Scheduler scheduler = new Scheduler(runner, 3, 10);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      calls.add(new Call(scheduler, request()));
    }
    until(() -> runner.started().size() == 3 && scheduler.waiting() == 5);
    runner.open();
    for (Call call : calls) {
      assertThat(call.answer().runNanos()).isEqualTo(GatedRunner.RUN_NANOS);
    }
    assertThat(runner.most()).isEqualTo(3);
    assertThat(runner.started()).hasSize(8);
    assertThat(scheduler.waiting()).isZero();
  }

  @Test
  void thoseThatWaitRunInTheOrderOfTheirArrival() throws Exception {
    Scheduler scheduler = new Scheduler(runner, 1, 10);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Call call = new Call(scheduler, request());
      calls.add(call);
      until(call::isParked);
    }
    runner.open();
    for (Call call : calls) {
      call.answer();
    }
    for (int i = 0; i < 4; i++) {
      assertThat(runner.started().get(i)).isSameAs(calls.get(i).request);
    }
  }

  @Test
  void theAnswerSaysHowLongTheRequestWaited() throws Exception {
    Scheduler scheduler = new Scheduler(runner, 1, 1);
    Call first = new Call(scheduler, request());
    until(() -> runner.started().size() == 1);
    long sent = System.nanoTime();
    Call second = new Call(scheduler, request());
    until(() -> scheduler.waiting() == 1);
    long waiting = System.nanoTime();
    until(() -> System.nanoTime() - waiting > 2_000_000);
    long opened = System.nanoTime();
    runner.open();
    assertThat(second.answer().queueNanos()).isBetween(opened - waiting, System.nanoTime() - sent);
    assertThat(first.answer().queueNanos()).isLessThan(opened - first.sent);
  }

  @Test
  void aFullQueueAnswersAtOnce() throws Exception {
    Scheduler scheduler = new Scheduler(runner, 1, 2);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      calls.add(new Call(scheduler, request()));
    }
    until(() -> runner.started().size() == 1 && scheduler.waiting() == 2);
    refuses(
        scheduler, request(), ErrorCode.OVERLOADED, "the model's queue is full: 2 requests wait");
    assertThat(scheduler.waiting()).isEqualTo(2);
    runner.open();
    for (Call call : calls) {
      call.answer();
    }
    assertThat(runner.started()).hasSize(3);
    assertThat(scheduler.run(request())).isNotNull();
  }

  @Test
  void aQueueOfNoneRefusesWhoeverWouldWait() {
    Scheduler scheduler = new Scheduler(runner, 1, 0);
    Call running = new Call(scheduler, request());
    until(() -> runner.started().size() == 1);
    refuses(
        scheduler, request(), ErrorCode.OVERLOADED, "the model's queue is full: 0 requests wait");
    until(running::isParked);
  }

  @Test
  void aDeadlineThatHasPassedNeverRuns() {
    Scheduler scheduler = new Scheduler(runner, 1, 1);
    refuses(
        scheduler,
        request(new Deadline(System.nanoTime())),
        ErrorCode.DEADLINE_EXCEEDED,
        "the request's deadline passed before the model could run");
    assertThat(runner.started()).isEmpty();
    runner.open();
    assertThat(scheduler.run(request())).as("the turn is free again").isNotNull();
  }

  @Test
  void aDeadlineThatPassesWhileTheRequestWaitsNeverRuns() throws Exception {
    Scheduler scheduler = new Scheduler(runner, 1, 1);
    Call first = new Call(scheduler, request());
    until(() -> runner.started().size() == 1);
    refuses(
        scheduler,
        request(Deadline.after(Duration.ofMillis(5))),
        ErrorCode.DEADLINE_EXCEEDED,
        "the request's deadline passed while the request waited for its turn");
    assertThat(scheduler.waiting()).isZero();
    runner.open();
    first.answer();
    assertThat(runner.started()).containsExactly(first.request);
  }

  @Test
  void whatTheRunnerThrowsIsPassedOnAndFreesTheTurn() {
    AtomicInteger runs = new AtomicInteger();
    RuntimeException failure = new IllegalStateException("the model failed");
    Scheduler scheduler =
        new Scheduler(
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
          .isThrownBy(() -> scheduler.run(request()))
          .isSameAs(failure);
    }
    assertThat(scheduler.run(request()).runNanos()).isEqualTo(7);
  }

  @Test
  void anInterruptedRequestLeavesTheQueue() {
    Scheduler scheduler = new Scheduler(runner, 1, 1);
    Call first = new Call(scheduler, request());
    until(first::isParked);
    Call second = new Call(scheduler, request());
    until(second::isParked);
    second.thread.interrupt();
    assertThatExceptionOfType(Exception.class)
        .isThrownBy(second::answer)
        .havingCause()
        .isInstanceOfSatisfying(
            InferenceException.class,
            error -> assertThat(error.code()).isEqualTo(ErrorCode.NOT_READY));
    assertThat(scheduler.waiting()).isZero();
    assertThat(runner.started()).containsExactly(first.request);
  }

  private static void refuses(
      Scheduler scheduler, InferenceRequest request, ErrorCode code, String message) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> scheduler.run(request))
        .returns(code, InferenceException::code)
        .withMessage(message);
  }

  private static InferenceRequest request() {
    return request(Deadline.after(Duration.ofMinutes(1)));
  }

  private static InferenceRequest request(Deadline deadline) {
    return new InferenceRequest(Map.of(), List.of("y"), deadline);
  }

  private static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      assertThat(Thread.currentThread().isInterrupted()).as("out of time").isFalse();
      Thread.onSpinWait();
    }
  }

  /** A request on a thread of its own. */
  private static final class Call {
    private final InferenceRequest request;
    private final FutureTask<InferenceResponse> task;
    private final Thread thread;
    private final long sent = System.nanoTime();

    Call(Scheduler scheduler, InferenceRequest request) {
      this.request = request;
      this.task = new FutureTask<>(() -> scheduler.run(request));
      this.thread = Thread.ofPlatform().daemon().start(task);
    }

    boolean isParked() {
      Thread.State state = thread.getState();
      return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
    }

    InferenceResponse answer() throws Exception {
      return task.get();
    }
  }
}
