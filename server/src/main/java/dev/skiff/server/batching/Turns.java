package dev.skiff.server.batching;

import dev.skiff.server.batching.BatchPolicy.Decision;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who may run one model, who waits for that, and who leads the next run. Nothing is run, copied or
 * waited for here, so whoever asks is answered at once. Thread-safe.
 */
final class Turns {
  private final BatchPolicy policy;
  private final Batcher.Limits limits;
  private final BooleanSupplier canJoin;

  private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
  private long queuedBytes;
  private int running;
  private boolean stopped;

  /**
   * The oldest in the queue, whenever a run could begin. So if there is none and a turn is free,
   * nobody waits.
   */
  private @Nullable Waiting leader;

  /**
   * A model that nobody runs.
   *
   * @param canJoin whether requests can run as one
   */
  Turns(BatchPolicy policy, Batcher.Limits limits, BooleanSupplier canJoin) {
    this.policy = policy;
    this.limits = limits;
    this.canJoin = canJoin;
  }

  /** What one that waits has to do next. */
  sealed interface Step {
    /** Run these, which have a turn, itself among them. */
    record Run(List<Waiting> batch) implements Step {}

    /** Ask again after so many nanoseconds, or when it is woken. */
    record Wait(long nanos) implements Step {}
  }

  /**
   * Takes a turn for a request that need not wait, neither for a turn nor for company; lets it wait
   * otherwise.
   *
   * @return whether it has the turn
   * @throws InferenceException as {@link Batcher#run}
   */
  synchronized boolean takeOrWait(Waiting self) {
    boolean isFree = take(self);
    if (!isFree) {
      enqueue(self);
    }
    return isFree;
  }

  /**
   * Takes a turn for a request that need not wait.
   *
   * @return whether it has the turn
   * @throws InferenceException as {@link Batcher#tryRun(InferenceRequest)}
   */
  synchronized boolean take(Waiting self) {
    if (stopped) {
      throw stopping();
    }
    if (self.request.deadline().passed()) {
      throw Deadline.exceeded("before the model could run");
    }
    if (self.rows > limits.requestRows()) {
      throw InferenceException.invalid(
          "the model takes at most %d rows at a time, got %d"
              .formatted(limits.requestRows(), self.rows));
    }
    if (!isFree() || decide(List.of(self)) instanceof Decision.Wait) {
      return false;
    }
    running++;
    return true;
  }

  /** Takes one turn for all of these, if there is one and none of them has come too late. */
  synchronized boolean take(List<InferenceRequest> requests) {
    if (stopped
        || !isFree()
        || requests.stream().anyMatch(request -> request.deadline().passed())) {
      return false;
    }
    running++;
    return true;
  }

  /** Gives a turn back. */
  synchronized void end() {
    running--;
    appoint();
  }

  /**
   * What one that waits has to do next.
   *
   * @param interrupted whether its thread is to end; then it waits no longer, unless it is being
   *     run
   * @throws InferenceException NOT_READY or DEADLINE_EXCEEDED if it has waited in vain
   */
  synchronized Step next(Waiting self, boolean interrupted) {
    if (self.taken) {
      return new Step.Wait(Long.MAX_VALUE);
    }
    long nanos = self.request.deadline().remainingNanos();
    if (interrupted) {
      withdraw(self);
      throw stopping();
    }
    if (nanos <= 0) {
      withdraw(self);
      throw Deadline.exceeded("while the request waited for its turn");
    }
    if (self != leader) {
      return new Step.Wait(nanos);
    }
    List<Waiting> company = company(self);
    return switch (decide(company)) {
      case Decision.Run(int requests) -> new Step.Run(leave(company.subList(0, requests)));
      case Decision.Wait(long until) -> new Step.Wait(Math.min(nanos, until - System.nanoTime()));
    };
  }

  /**
   * Does nothing if another request may run or wait, however small.
   *
   * @param coming how many requests will be here before it
   * @throws InferenceException OVERLOADED if there is no room for it
   */
  synchronized void requireRoom(int coming) {
    requireRoom(coming - (limits.concurrency() - running), 1);
  }

  /** How many requests wait. */
  synchronized int waiting() {
    return queue.size();
  }

  /** Refuses those that wait, and all that come from now on. */
  synchronized void stop() {
    stopped = true;
    leader = null;
    for (Waiting waiting : queue) {
      waiting.taken = true;
      waiting.settle(new Outcome.Failure(stopping()));
    }
    queue.clear();
    queuedBytes = 0;
  }

  /** Whether a run could begin that nobody waits for. */
  private boolean isFree() {
    return leader == null && running < limits.concurrency();
  }

  private void enqueue(Waiting self) {
    long bytes = self.bytes();
    boolean leads = isFree();
    if (!leads) {
      requireRoom(0, bytes);
    }
    queue.add(self);
    queuedBytes += bytes;
    if (leads) {
      leader = self;
    } else if (leader != null && policy.delayNanos() > 0) {
      // Who waits for company has got some.
      leader.wake();
    }
  }

  private void requireRoom(int before, long bytes) {
    if (queue.size() + before >= limits.queueRequests()) {
      throw full(limits.queueRequests() + " requests wait");
    }
    if (!queue.isEmpty() && queuedBytes + bytes > limits.queueBytes()) {
      throw full("those that wait have %d of %d bytes".formatted(queuedBytes, limits.queueBytes()));
    }
  }

  /** Those that may run with the leader, itself first; no more than any batch could use. */
  private List<Waiting> company(Waiting head) {
    long most = canJoin.getAsBoolean() ? policy.maxRows() : 1;
    List<Waiting> company = new ArrayList<>();
    company.add(head);
    long rows = head.rows;
    for (Waiting other : queue) {
      if (rows == 0 || rows >= most) {
        break;
      }
      if (other != head
          && !other.request.deadline().passed()
          && Batch.fit(head.request, other.request)) {
        company.add(other);
        rows += other.rows;
      }
    }
    return company;
  }

  private Decision decide(List<Waiting> company) {
    Waiting oldest = company.getFirst();
    if (!canJoin.getAsBoolean() || oldest.rows == 0) {
      return new Decision.Run(1);
    }
    List<Long> rows = new ArrayList<>(company.size());
    long deadline = oldest.request.deadline().nanoTime();
    for (Waiting waiting : company) {
      rows.add(waiting.rows);
      long other = waiting.request.deadline().nanoTime();
      deadline = other - deadline < 0 ? other : deadline;
    }
    return policy.decide(new BatchPolicy.Queue(rows, oldest.arrived, deadline), System.nanoTime());
  }

  /** Takes these out of the queue to be run now, and lets the next leader come forward. */
  private List<Waiting> leave(List<Waiting> batch) {
    for (Waiting waiting : batch) {
      waiting.taken = true;
      remove(waiting);
    }
    leader = null;
    running++;
    appoint();
    return batch;
  }

  private void withdraw(Waiting self) {
    remove(self);
    if (self == leader) {
      leader = null;
      appoint();
    }
  }

  private void remove(Waiting waiting) {
    queue.remove(waiting);
    queuedBytes -= waiting.bytes();
  }

  private void appoint() {
    if (isFree() && !queue.isEmpty()) {
      leader = queue.peek();
      leader.wake();
    }
  }

  private static InferenceException full(String why) {
    return new InferenceException(ErrorCode.OVERLOADED, "the model's queue is full: " + why);
  }

  private static InferenceException stopping() {
    return new InferenceException(ErrorCode.NOT_READY, "the server is stopping");
  }
}
