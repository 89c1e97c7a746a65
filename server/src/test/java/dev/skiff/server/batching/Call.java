package dev.skiff.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.TensorPool;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;

/** A request on a thread of its own. */
final class Call {
  final InferenceRequest request;
  private final FutureTask<InferenceResponse> task;
  final Thread thread;
  final long sent = System.nanoTime();

  Call(Batcher batcher, InferenceRequest request) {
    this.request = request;
    this.task = new FutureTask<>(() -> batcher.run(request));
    this.thread = Thread.ofPlatform().daemon().start(task);
  }

  /** A batcher that joins nothing. */
  static Batcher alone(Runner runner, int concurrency, int queueLimit) {
    return new Batcher(
        runner,
        new TensorPool(0),
        (rows, join, run, split) -> {},
        BatchPolicy.ALONE,
        Optional.empty(),
        new Batcher.Limits(concurrency, queueLimit, Long.MAX_VALUE, Long.MAX_VALUE));
  }

  /** Whether it waits, for its turn or at the runner's gate. */
  boolean isParked() {
    Thread.State state = thread.getState();
    return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
  }

  InferenceResponse answer() throws Exception {
    return task.get();
  }

  /** A request that waits longer than any test. */
  static InferenceRequest request() {
    return request(Deadline.after(Duration.ofMinutes(1)));
  }

  static InferenceRequest request(Deadline deadline) {
    return new InferenceRequest(Map.of(), List.of("y"), deadline);
  }

  static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      assertThat(Thread.currentThread().isInterrupted()).as("out of time").isFalse();
      Thread.onSpinWait();
    }
  }
}
