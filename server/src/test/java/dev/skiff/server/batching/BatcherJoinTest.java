package dev.skiff.server.batching;

import static dev.skiff.server.batching.Call.until;
import static dev.skiff.server.batching.DoublingRunner.answer;
import static dev.skiff.server.batching.DoublingRunner.ints;
import static dev.skiff.server.batching.DoublingRunner.request;
import static dev.skiff.server.batching.DoublingRunner.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.TensorPool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests of one INT32 each. */
@Timeout(240)
class BatcherJoinTest {
  private static final BatchPolicy UP_TO_FOUR = new BatchPolicy(4, Set.of(), 0);

  private final List<Long> told = new ArrayList<>();
  private final TensorPool pool = new TensorPool(1 << 20);
  private final DoublingRunner model = new DoublingRunner(pool);
  private final Batcher batcher = batcher(UP_TO_FOUR, 100, 1 << 20);

  @AfterEach
  void letEveryoneGo() {
    model.open();
  }

  @Test
  void thoseThatWaitRunTogetherAndGetTheirOwnParts() throws Exception {
    List<Call> calls = queued(batcher, 0, 1, 2, 3, 4, 5, 6);
    model.open();
    for (int i = 0; i < calls.size(); i++) {
      assertAnswer(calls.get(i), 2 * i);
    }
    assertThat(model.runs()).containsExactly(List.of(0), List.of(1, 2, 3, 4), List.of(5, 6));
    assertThat(told).as("rows of the runs, as they are measured").containsExactly(1L, 4L, 2L);
    assertThat(pool.idleBytes())
        .as("all came back to the pool: the first answer, and inputs and answers of the batches")
        .isEqualTo(Integer.BYTES * (1 + 2 * (4 + 2)));
  }

  @Test
  void oneBadRequestFailsAlone() throws Exception {
    List<Call> calls = queued(batcher, 0, 1, -2, 3);
    model.open();
    assertAnswer(calls.get(1), 2);
    assertAnswer(calls.get(3), 6);
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(calls.get(2)::answer)
        .havingCause()
        .withMessage("-2 is bad");
    assertThat(model.runs())
        .containsExactly(List.of(0), List.of(1, -2, 3), List.of(1), List.of(-2), List.of(3));
  }

  @Test
  void otherShapesKeepTheirPlace() throws Exception {
    Call first = new Call(batcher, request(1, 0));
    until(() -> model.runs().size() == 1);
    List<Call> calls = new ArrayList<>();
    for (InferenceRequest request :
        List.of(request(1, 1), request(2, 2, 2), request(1, 3), request(2, 4, 4))) {
      calls.add(new Call(batcher, request));
      until(() -> batcher.waiting() == calls.size());
    }
    model.open();
    first.answer().close();
    for (Call call : calls) {
      call.answer().close();
    }
    assertThat(model.runs()).containsExactly(List.of(0), List.of(1, 3), List.of(2, 2, 4, 4));
  }

  @Test
  void whoseDeadlinePassedIsLeftBehind() throws Exception {
    Call first = new Call(batcher, request(1, 0));
    until(() -> model.runs().size() == 1);
    Call late = new Call(batcher, request(Duration.ofMillis(5), 1, 1));
    Call other = new Call(batcher, request(1, 2));
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(late::answer)
        .havingCause()
        .isInstanceOfSatisfying(
            InferenceException.class,
            error -> assertThat(error.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED));
    model.open();
    assertAnswer(first, 0);
    assertAnswer(other, 4);
    assertThat(model.runs()).containsExactly(List.of(0), List.of(2));
  }

  @Test
  void theQueueIsBoundedByBytes() throws Exception {
    Batcher small = batcher(UP_TO_FOUR, 100, 10);
    Call first = new Call(small, request(1, 0));
    until(() -> model.runs().size() == 1);
    Call large = new Call(small, request(4, 1, 1, 1, 1));
    until(() -> small.waiting() == 1);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> small.run(request(1, 2)))
        .returns(ErrorCode.OVERLOADED, InferenceException::code)
        .withMessage("the model's queue is full: those that wait have 16 of 10 bytes");
    model.open();
    first.answer().close();
    large.answer().close();
  }

  @Test
  void stoppingRefusesThoseThatWaitAndThoseThatCome() throws Exception {
    List<Call> calls = queued(batcher, 0, 1, 2);
    batcher.stop();
    for (Call waiting : calls.subList(1, 3)) {
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(waiting::answer)
          .havingCause()
          .isInstanceOfSatisfying(
              InferenceException.class,
              error -> assertThat(error.code()).isEqualTo(ErrorCode.NOT_READY));
    }
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> batcher.run(request(1, 3)))
        .returns(ErrorCode.NOT_READY, InferenceException::code);
    assertThat(batcher.waiting()).isZero();
    model.open();
    assertAnswer(calls.getFirst(), 0);
  }

  @Test
  @BadInput(63)
  void moreRowsThanTheModelMayTakeAreRefused() {
    Batcher strict =
        new Batcher(
            model,
            pool,
            (rows, join, run, split) -> {},
            UP_TO_FOUR,
            Optional.empty(),
            new Batcher.Limits(1, 1, 1, 2));
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> strict.run(request(1, 1, 2, 3)))
        .returns(ErrorCode.INVALID_ARGUMENT, InferenceException::code)
        .withMessage("the model takes at most 2 rows at a time, got 3");
  }

  @Test
  void whoWaitsForCompanyRunsWhenTheBatchIsFull() throws Exception {
    model.open();
    Batcher patient =
        batcher(new BatchPolicy(3, Set.of(), Duration.ofMinutes(1).toNanos() / 2), 100, 1 << 20);
    assertThat(patient.tryRun(request(1, 9))).as("not without waiting").isEmpty();
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      calls.add(new Call(patient, request(1, i)));
      int count = i + 1;
      until(() -> count == 3 || patient.waiting() == count);
    }
    for (int i = 0; i < 3; i++) {
      assertAnswer(calls.get(i), 2 * i);
    }
    assertThat(model.runs()).containsExactly(List.of(0, 1, 2));
  }

  @Test
  void whoWaitedLongEnoughForCompanyRunsAlone() throws Exception {
    model.open();
    Batcher patient = batcher(new BatchPolicy(3, Set.of(), 2_000_000), 100, 1 << 20);
    try (InferenceResponse response = patient.run(request(1, 21))) {
      assertThat(response.queueNanos()).isGreaterThanOrEqualTo(2_000_000);
      assertThat(value(response)).isEqualTo(42);
    }
  }

  @Test
  void anAnswerWithoutARowForEachEndsTheJoining() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    Batcher deceived =
        new Batcher(
            request -> {
              running.countDown();
              model.awaitGate();
              return answer(ints(1, 7));
            },
            pool,
            (rows, join, run, split) -> {},
            UP_TO_FOUR,
            Optional.empty(),
            new Batcher.Limits(1, 100, 1 << 20, 100));
    Call first = new Call(deceived, request(1, 0));
    running.await();
    Call second = new Call(deceived, request(1, 1));
    until(() -> deceived.waiting() == 1);
    Call third = new Call(deceived, request(1, 2));
    until(() -> deceived.waiting() == 2);
    assertThat(deceived.objection()).isEmpty();
    model.open();
    for (Call call : List.of(first, second, third)) {
      assertAnswer(call, 7);
    }
    assertThat(deceived.objection()).contains("output 'y' had shape [1,1] for 2 rows");
  }

  private Batcher batcher(BatchPolicy policy, int queueRequests, long queueBytes) {
    return new Batcher(
        model,
        pool,
        (rows, join, run, split) -> told.add(rows),
        policy,
        Optional.empty(),
        new Batcher.Limits(1, queueRequests, queueBytes, 100));
  }

  /** Calls of which the first runs, until the gate opens, and the others wait in this order. */
  private List<Call> queued(Batcher target, int... values) {
    List<Call> calls = new ArrayList<>();
    for (int value : values) {
      int waiting = calls.size();
      calls.add(new Call(target, request(1, value)));
      until(() -> model.runs().size() == 1 && target.waiting() == waiting);
    }
    return calls;
  }

  private static void assertAnswer(Call call, int expected) throws Exception {
    try (InferenceResponse response = call.answer()) {
      assertThat(value(response)).isEqualTo(expected);
    }
  }
}
