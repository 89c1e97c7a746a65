package dev.skiff.server.batching;

import dev.skiff.server.batching.BatchPolicy.Decision;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.TensorPool;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

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

  /** Guards all that follows. Nobody runs a model, copies or waits while holding it. */
  private final Object lock = new Object();

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
  }

  /** Another one in front of the same model, with turns of its own and nobody told of its runs. */
  public Batcher unobserved() {
    return new Batcher(runner.unobserved(), policy, limits);
  }

  /** One that nobody is told of either, and that repeats the answers of the model's first runs. */
  public Batcher recorded() {
    return new Batcher(runner.recorded(), policy, limits);
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
    boolean idle;
    synchronized (lock) {
      idle = takeIdleTurn(self);
      if (!idle) {
        enqueue(self);
      }
    }
    return idle ? runAlone(self) : await(self);
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
    synchronized (lock) {
      if (!takeIdleTurn(self)) {
        return Optional.empty();
      }
    }
    return Optional.of(runAlone(self));
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

  /** Runs these as one if that can begin at once and none of them has come too late. */
  List<Outcome> tryRun(List<InferenceRequest> requests) {
    synchronized (lock) {
      if (stopped
          || leader != null
          || running == limits.concurrency()
          || requests.stream().anyMatch(request -> request.deadline().passed())) {
        return List.of();
      }
      running++;
    }
    try {
      return runner.run(requests);
    } finally {
      endTurn();
    }
  }

  /**
   * Does nothing if another request may run or wait, however small.
   *
   * @param coming how many requests will be here before it
   * @throws InferenceException OVERLOADED if {@link #run} would refuse it, too
   */
  public void requireRoom(int coming) {
    synchronized (lock) {
      requireRoom(coming - (limits.concurrency() - running), 1);
    }
  }

  /** How many requests wait. */
  public int waiting() {
    synchronized (lock) {
      return queue.size();
    }
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
    synchronized (lock) {
      stopped = true;
      leader = null;
      for (Waiting waiting : queue) {
        waiting.taken = true;
        waiting.settle(new Outcome.Failure(stopping()));
      }
      queue.clear();
      queuedBytes = 0;
    }
  }

  /** Takes a turn for a request that need not wait, neither for a turn nor for company. */
  private boolean takeIdleTurn(Waiting self) {
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
    if (leader != null
        || running == limits.concurrency()
        || decide(List.of(self)) instanceof Decision.Wait) {
      return false;
    }
    running++;
    return true;
  }

  private void enqueue(Waiting self) {
    long bytes = self.bytes();
    boolean leads = leader == null && running < limits.concurrency();
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

  private InferenceResponse runAlone(Waiting self) {
    long waited = System.nanoTime() - self.arrived;
    try {
      return runner.run(self.request).queued(waited);
    } finally {
      endTurn();
    }
  }

  private InferenceResponse await(Waiting self) {
    boolean interrupted = false;
    try {
      while (true) {
        List<Waiting> batch = List.of();
        long nanos = self.request.deadline().remainingNanos();
        synchronized (lock) {
          if (self.taken) {
            nanos = Long.MAX_VALUE;
          } else if (interrupted) {
            withdraw(self);
            throw stopping();
          } else if (nanos <= 0) {
            withdraw(self);
            throw Deadline.exceeded("while the request waited for its turn");
          } else if (self == leader) {
            List<Waiting> company = company(self);
            switch (decide(company)) {
              case Decision.Run(int requests) -> batch = take(company.subList(0, requests));
              case Decision.Wait(long until) -> nanos = Math.min(nanos, until - System.nanoTime());
            }
          }
        }
        if (!batch.isEmpty()) {
          lead(batch);
        }
        if (self.settled()) {
          return self.answer();
        }
        if (nanos > 0) {
          LockSupport.parkNanos(this, nanos);
        }
        interrupted |= Thread.interrupted();
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Those that may run with the leader, itself first; no more than any batch could use. */
  private List<Waiting> company(Waiting head) {
    long most = runner.objection().isPresent() ? 1 : policy.maxRows();
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
    if (runner.objection().isPresent() || oldest.rows == 0) {
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
  private List<Waiting> take(List<Waiting> batch) {
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

  private void lead(List<Waiting> batch) {
    long start = System.nanoTime();
    List<Outcome> outcomes = List.of();
    try {
      outcomes = runner.run(batch.stream().map(waiting -> waiting.request).toList());
    } finally {
      // The model is to be busy again before those that were answered are.
      endTurn();
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

  private void endTurn() {
    synchronized (lock) {
      running--;
      appoint();
    }
  }

  private void appoint() {
    if (leader == null && running < limits.concurrency() && !queue.isEmpty()) {
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
