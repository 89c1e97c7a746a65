package dev.skiff.server.batching;

import static dev.skiff.server.batching.Call.request;
import static dev.skiff.server.batching.Call.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class BatcherQueueTest {
  private final GatedRunner runner = new GatedRunner();

  @AfterEach
  void letEveryoneGo() {
    runner.open();
  }

  @Test
  void noMoreRunAtATimeThanMayAndTheOthersWait() throws Exception {
    Batcher batcher = Call.alone(runner, 3, 10);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      calls.add(new Call(batcher, request()));
    }
    until(() -> runner.started().size() == 3 && batcher.waiting() == 5);
    runner.open();
    for (Call call : calls) {
      assertThat(call.answer().runNanos()).isEqualTo(GatedRunner.RUN_NANOS);
    }
    assertThat(runner.most()).isEqualTo(3);
    assertThat(runner.started()).hasSize(8);
    assertThat(batcher.waiting()).isZero();
  }

  @Test
  void thoseThatWaitRunInTheOrderOfTheirArrival() throws Exception {
    Batcher batcher = Call.alone(runner, 1, 10);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Call call = new Call(batcher, request());
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
    Batcher batcher = Call.alone(runner, 1, 1);
    Call first = new Call(batcher, request());
    until(() -> runner.started().size() == 1);
    long sent = System.nanoTime();
    Call second = new Call(batcher, request());
    until(() -> batcher.waiting() == 1);
    long waiting = System.nanoTime();
    until(() -> System.nanoTime() - waiting > 2_000_000);
    long opened = System.nanoTime();
    runner.open();
    assertThat(second.answer().queueNanos()).isBetween(opened - waiting, System.nanoTime() - sent);
    assertThat(first.answer().queueNanos()).isLessThan(opened - first.sent);
  }

  @Test
  void aFullQueueAnswersAtOnce() throws Exception {
    Batcher batcher = Call.alone(runner, 1, 2);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      batcher.requireRoom(0);
      calls.add(new Call(batcher, request()));
    }
    until(() -> runner.started().size() == 1 && batcher.waiting() == 2);
    refuses(batcher, request(), "the model's queue is full: 2 requests wait");
    assertThat(batcher.waiting()).isEqualTo(2);
    runner.open();
    for (Call call : calls) {
      call.answer();
    }
    assertThat(runner.started()).hasSize(3);
    batcher.requireRoom(0);
    assertThat(batcher.run(request())).isNotNull();
  }

  @Test
  void thoseOnTheirWayTakeTurnsAndPlacesToo() {
    Batcher batcher = Call.alone(runner, 2, 3);
    batcher.requireRoom(4);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> batcher.requireRoom(5))
        .withMessage("the model's queue is full: 3 requests wait");
  }

  @Test
  void aQueueOfNoneRefusesWhoeverWouldWait() {
    Batcher batcher = Call.alone(runner, 1, 0);
    Call running = new Call(batcher, request());
    until(() -> runner.started().size() == 1);
    refuses(batcher, request(), "the model's queue is full: 0 requests wait");
    until(running::isParked);
  }

  @Test
  void anInterruptedRequestLeavesTheQueue() {
    Batcher batcher = Call.alone(runner, 1, 1);
    Call first = new Call(batcher, request());
    until(first::isParked);
    Call second = new Call(batcher, request());
    until(second::isParked);
    second.thread.interrupt();
    assertThatExceptionOfType(Exception.class)
        .isThrownBy(second::answer)
        .havingCause()
        .isInstanceOfSatisfying(
            InferenceException.class,
            error -> assertThat(error.code()).isEqualTo(ErrorCode.NOT_READY));
    assertThat(batcher.waiting()).isZero();
    assertThat(runner.started()).containsExactly(first.request);
  }

  private static void refuses(Batcher batcher, InferenceRequest request, String message) {
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(() -> batcher.run(request), () -> batcher.requireRoom(0))) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(call)
          .returns(ErrorCode.OVERLOADED, InferenceException::code)
          .withMessage(message);
    }
  }
}
