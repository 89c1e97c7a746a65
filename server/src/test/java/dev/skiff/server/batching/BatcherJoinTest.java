package dev.skiff.server.batching;

import static dev.skiff.server.batching.Call.until;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests of one INT32 each, to a model that doubles them and fails on a negative one. */
@Timeout(20)
class BatcherJoinTest {
  private static final BatchPolicy UP_TO_FOUR = new BatchPolicy(4, Set.of(), 0);

  private final List<List<Integer>> runs = new ArrayList<>();
  private final List<Long> told = new ArrayList<>();
  private final CountDownLatch gate = new CountDownLatch(1);
  private final TensorPool pool = new TensorPool(1 << 20);
  private final Batcher batcher = batcher(UP_TO_FOUR, 100, 1 << 20);

  @AfterEach
  void letEveryoneGo() {
    gate.countDown();
  }

  @Test
  void thoseThatWaitRunTogetherAndGetTheirOwnParts() throws Exception {
    List<Call> calls = queued(batcher, 0, 1, 2, 3, 4, 5, 6);
    gate.countDown();
    for (int i = 0; i < calls.size(); i++) {
      assertAnswer(calls.get(i), 2 * i);
    }
    assertThat(runs).containsExactly(List.of(0), List.of(1, 2, 3, 4), List.of(5, 6));
    assertThat(told).as("rows of the runs, as they are measured").containsExactly(1L, 4L, 2L);
    assertThat(pool.idleBytes())
        .as("all came back to the pool: the first answer, and inputs and answers of the batches")
        .isEqualTo(Integer.BYTES * (1 + 2 * (4 + 2)));
  }

  @Test
  void oneBadRequestFailsAlone() throws Exception {
    List<Call> calls = queued(batcher, 0, 1, -2, 3);
    gate.countDown();
    assertAnswer(calls.get(1), 2);
    assertAnswer(calls.get(3), 6);
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(calls.get(2)::answer)
        .havingCause()
        .withMessage("-2 is bad");
    assertThat(runs)
        .containsExactly(List.of(0), List.of(1, -2, 3), List.of(1), List.of(-2), List.of(3));
  }

  @Test
  void otherShapesKeepTheirPlace() throws Exception {
    Call first = new Call(batcher, request(1, 0));
    until(() -> runs().size() == 1);
    List<Call> calls = new ArrayList<>();
    for (InferenceRequest request :
        List.of(request(1, 1), request(2, 2, 2), request(1, 3), request(2, 4, 4))) {
      calls.add(new Call(batcher, request));
      until(() -> batcher.waiting() == calls.size());
    }
    gate.countDown();
    first.answer().close();
    for (Call call : calls) {
      call.answer().close();
    }
    assertThat(runs).containsExactly(List.of(0), List.of(1, 3), List.of(2, 2, 4, 4));
  }

  @Test
  void whoseDeadlinePassedIsLeftBehind() throws Exception {
    Call first = new Call(batcher, request(1, 0));
    until(() -> runs().size() == 1);
    Call late =
        new Call(
            batcher,
            new InferenceRequest(
                Map.of("x", ints(1, 1)), List.of("y"), Deadline.after(Duration.ofMillis(5))));
    Call other = new Call(batcher, request(1, 2));
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(late::answer)
        .havingCause()
        .isInstanceOfSatisfying(
            InferenceException.class,
            error -> assertThat(error.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED));
    gate.countDown();
    assertAnswer(first, 0);
    assertAnswer(other, 4);
    assertThat(runs).containsExactly(List.of(0), List.of(2));
  }

  @Test
  void theQueueIsBoundedByBytes() throws Exception {
    Batcher small = batcher(UP_TO_FOUR, 100, 10);
    Call first = new Call(small, request(1, 0));
    until(() -> runs().size() == 1);
    Call large = new Call(small, request(4, 1, 1, 1, 1));
    until(() -> small.waiting() == 1);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> small.run(request(1, 2)))
        .returns(ErrorCode.OVERLOADED, InferenceException::code)
        .withMessage("the model's queue is full: those that wait have 16 of 10 bytes");
    gate.countDown();
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
    gate.countDown();
    assertAnswer(calls.getFirst(), 0);
  }

  @Test
  @BadInput(63)
  void moreRowsThanTheModelMayTakeAreRefused() {
    Batcher strict =
        new Batcher(
            this::run,
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
    gate.countDown();
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
    assertThat(runs).containsExactly(List.of(0, 1, 2));
  }

  @Test
  void whoWaitedLongEnoughForCompanyRunsAlone() throws Exception {
    gate.countDown();
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
              await(gate);
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
    gate.countDown();
    for (Call call : List.of(first, second, third)) {
      assertAnswer(call, 7);
    }
    assertThat(deceived.objection()).contains("output 'y' had shape [1,1] for 2 rows");
  }

  private Batcher batcher(BatchPolicy policy, int queueRequests, long queueBytes) {
    return new Batcher(
        this::run,
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
      until(() -> runs().size() == 1 && target.waiting() == waiting);
    }
    return calls;
  }

  private List<List<Integer>> runs() {
    synchronized (runs) {
      return List.copyOf(runs);
    }
  }

  private InferenceResponse run(InferenceRequest request) {
    Tensor x = Objects.requireNonNull(request.inputs().get("x"));
    List<Integer> values =
        IntStream.range(0, (int) x.shape().elements())
            .mapToObj(i -> x.data().getInt(i * Integer.BYTES))
            .toList();
    synchronized (runs) {
      runs.add(values);
    }
    await(gate);
    Tensor y = pool.acquire(Datatype.INT32, x.shape());
    for (int i = 0; i < values.size(); i++) {
      if (values.get(i) < 0) {
        y.close();
        throw InferenceException.invalid(values.get(i) + " is bad");
      }
      y.data().putInt(i * Integer.BYTES, 2 * values.get(i));
    }
    return answer(y);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static InferenceResponse answer(Value y) {
    return new InferenceResponse(new LinkedHashMap<>(Map.of("y", y)), 0, 1);
  }

  /** A request of rows of this width. */
  private static InferenceRequest request(int width, int... values) {
    return new InferenceRequest(
        Map.of("x", ints(width, values)), List.of("y"), Deadline.after(Duration.ofMinutes(1)));
  }

  private static Tensor ints(int width, int... values) {
    Tensor tensor = Tensor.allocate(Datatype.INT32, Shape.of(values.length / width, width));
    tensor.data().asIntBuffer().put(values);
    return tensor;
  }

  private static void assertAnswer(Call call, int expected) throws Exception {
    try (InferenceResponse response = call.answer()) {
      assertThat(value(response)).isEqualTo(expected);
    }
  }

  private static int value(InferenceResponse response) {
    return response.outputs().get("y") instanceof Tensor y ? y.data().getInt(0) : -1;
  }
}
