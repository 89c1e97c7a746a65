package dev.skiff.server.batching;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.TensorPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The dynamic batcher of one model: a bounded number of runs at a time, and a bounded queue before
 * them, first come, first served. It has no thread of its own. A request of an idle model runs at
 * once on the thread that brought it. While the model is busy requests wait; as soon as it could
 * run again, the oldest becomes the <em>leader</em>: its thread takes those that the {@link
 * BatchPolicy} lets run with it, runs them as one, and hands the others their parts. Thread-safe.
 */
public final class Batcher {
  private static final Outcome BROKEN =
      new Outcome.Failure(
          new InferenceException(
              ErrorCode.INTERNAL, "the run was ended by an error of the server"));

  private final JointRunner runner;
  private final BatchPolicy policy;
  private final Limits limits;
  private final Turns turns;

  /**
   * What one model may take.
   *
   * @param concurrency runs at a time
   * @param queueRequests requests that may wait
   * @param queueBytes bytes of their inputs; a single request may wait whatever its size
   * @param requestRows rows of a request
   */
  public record Limits(int concurrency, int queueRequests, long queueBytes, long requestRows) {}

  /**
   * A batcher in front of one model.
   *
   * @param pool where tensors for batches come from
   * @param objection why requests are never joined, if so
   */
  public Batcher(
      Runner runner,
      TensorPool pool,
      RunListener listener,
      BatchPolicy policy,
      Optional<String> objection,
      Limits limits) {
    this(new JointRunner(runner, pool, listener, objection), policy, limits);
  }

  private Batcher(JointRunner runner, BatchPolicy policy, Limits limits) {
    this.runner = runner;
    this.policy = policy;
    this.limits = limits;
    this.turns = new Turns(policy, limits, () -> runner.objection().isEmpty());
  }

  /** Another one in front of the same model, with turns and a listener of its own. */
  public Batcher another(RunListener listener) {
    return new Batcher(runner.another(listener), policy, limits);
  }

  /** Another one that repeats the answers of the model's first runs. */
  public Batcher recorded(RunListener listener) {
    return new Batcher(runner.recorded(listener), policy, limits);
  }

  /**
   * Runs the request, alone or with others, when it is its turn. Blocks until then.
   *
   * @throws InferenceException INVALID_ARGUMENT if it has too many rows, OVERLOADED at once if the
   *     queue is full, DEADLINE_EXCEEDED if the deadline passed before the request could run,
   *     NOT_READY if the batcher was stopped or the thread interrupted before, and whatever the
   *     model throws
   */
  public InferenceResponse run(InferenceRequest request) {
    Waiting self = new Waiting(request);
    return turns.takeOrWait(self) ? runAlone(self) : await(self);
  }

  /**
   * Runs the request if that can begin at once. Never waits for a turn, so a thread that must not
   * block may call it.
   *
   * @return the answer, or none if others run or wait; then nothing was done
   * @throws InferenceException as {@link #run}, except OVERLOADED
   */
  public Optional<InferenceResponse> tryRun(InferenceRequest request) {
    Waiting self = new Waiting(request);
    return turns.take(self) ? Optional.of(runAlone(self)) : Optional.empty();
  }

  /** Whether the request could run with others that came at the same time. */
  public boolean joins(InferenceRequest request) {
    long rows = Batch.rows(request);
    return mayJoin(rows, rows);
  }

  /** Requests that came at the same time, to be run as one; none so far. */
  public Company company() {
    return new Company(this);
  }

  /** Whether requests of so many rows may run as one, the latest of which has so many. */
  boolean mayJoin(long all, long latest) {
    return latest > 0
        && latest <= limits.requestRows()
        && all <= policy.maxRows()
        && policy.delayNanos() == 0
        && runner.objection().isEmpty();
  }

  /** Whether a batch of so many rows runs without more. */
  boolean isFull(long rows) {
    return rows >= policy.maxRows() || policy.preferredRows().contains(rows);
  }

  /** Runs these as one if that can begin at once and none of them has come too late. */
  List<Outcome> tryRun(List<InferenceRequest> requests) {
    if (!turns.take(requests)) {
      // Of the class of all others, for the JVM's sake.
      return new ArrayList<>();
    }
    try {
      return runner.run(requests);
    } finally {
      turns.end();
    }
  }

  /**
   * Does nothing if another request may run or wait, however small.
   *
   * @param coming how many requests will be here before it
   * @throws InferenceException OVERLOADED if {@link #run} would refuse it, too
   */
  public void requireRoom(int coming) {
    turns.requireRoom(coming);
  }

  /** How many requests wait. */
  public int waiting() {
    return turns.waiting();
  }

  /** When requests run, and how many together, as long as there is no {@link #objection}. */
  public BatchPolicy policy() {
    return policy;
  }

  public Limits limits() {
    return limits;
  }

  /** Why requests are never joined, if so; known from the start or learnt from an answer. */
  public Optional<String> objection() {
    return runner.objection();
  }

  /** Refuses those that wait, and all that come from now on. Those that run end as ever. */
  public void stop() {
    turns.stop();
  }

  private InferenceResponse runAlone(Waiting self) {
    long waited = System.nanoTime() - self.arrived;
    try {
      return runner.run(self.request).queued(waited);
    } finally {
      turns.end();
    }
  }

  private InferenceResponse await(Waiting self) {
    boolean interrupted = false;
    try {
      while (!self.settled()) {
        switch (turns.next(self, interrupted)) {
          case Turns.Step.Run(var batch) -> lead(batch);
          case Turns.Step.Wait(long nanos) -> LockSupport.parkNanos(this, nanos);
        }
        interrupted |= Thread.interrupted();
      }
      return self.answer();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void lead(List<Waiting> batch) {
    long start = System.nanoTime();
    List<Outcome> outcomes = List.of();
    try {
      outcomes = runner.run(batch.stream().map(waiting -> waiting.request).toList());
    } finally {
      // The model is to be busy again before those that were answered are.
      turns.end();
      for (int i = 0; i < batch.size(); i++) {
        Waiting waiting = batch.get(i);
        waiting.settle(
            switch (outcomes.isEmpty() ? BROKEN : outcomes.get(i)) {
              case Outcome.Answer(var response) ->
                  new Outcome.Answer(response.queued(start - waiting.arrived));
              case Outcome.Failure failure -> failure;
            });
      }
    }
  }
}
