package dev.skiff.server.batching;

import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets a bounded number of requests run one model at a time, each on the thread that brought it: an
 * idle model costs no hand-off. The others wait in order of arrival, as long as the queue has room
 * and their deadline lasts. Thread-safe.
 */
public final class Scheduler {
  private final Runner runner;
  private final Semaphore turns;
  private final int queueLimit;
  private final AtomicInteger waiting = new AtomicInteger();

  /**
   * A scheduler in front of one runner.
   *
   * @param concurrency how many requests may run at once
   * @param queueLimit how many more may wait
   */
  public Scheduler(Runner runner, int concurrency, int queueLimit) {
    this.runner = runner;
    this.turns = new Semaphore(concurrency, true);
    this.queueLimit = queueLimit;
  }

  /**
   * Runs the request when it is its turn. Blocks until then.
   *
   * @throws InferenceException OVERLOADED at once if the queue is full, DEADLINE_EXCEEDED if the
   *     deadline passed before the request could run, and whatever the runner throws
   */
  public InferenceResponse run(InferenceRequest request) {
    long arrived = System.nanoTime();
    if (!acquire(0)) {
      await(request.deadline());
    }
    try {
      if (request.deadline().passed()) {
        throw Deadline.exceeded("before the model could run");
      }
      long waited = System.nanoTime() - arrived;
      return runner.run(request).queued(waited);
    } finally {
      turns.release();
    }
  }

  /** How many requests wait for their turn. */
  public int waiting() {
    return waiting.get();
  }

  private void await(Deadline deadline) {
    if (waiting.incrementAndGet() > queueLimit) {
      waiting.decrementAndGet();
      throw new InferenceException(
          ErrorCode.OVERLOADED, "the model's queue is full: " + queueLimit + " requests wait");
    }
    try {
      if (!acquire(deadline.remainingNanos())) {
        throw Deadline.exceeded("while the request waited for its turn");
      }
    } finally {
      waiting.decrementAndGet();
    }
  }

  /** Unlike {@code tryAcquire()} without a time, this lets nobody overtake those who wait. */
  private boolean acquire(long nanos) {
    try {
      return turns.tryAcquire(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InferenceException(ErrorCode.NOT_READY, "the server is stopping");
    }
  }
}
