package dev.skiff.server.batching;

import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Runs several requests as one. Where that fails, each runs by itself, so that one bad request gets
 * its own error and its batch-mates their answers. Thread-safe.
 */
final class JointRunner {
  private final Runner runner;
  private final TensorPool pool;
  private final RunListener listener;
  private volatile Optional<String> objection;

  JointRunner(Runner runner, TensorPool pool, RunListener listener, Optional<String> objection) {
    this.runner = runner;
    this.pool = pool;
    this.listener = listener;
    this.objection = objection;
  }

  /** The same, with somebody else told of its runs. */
  JointRunner another(RunListener told) {
    return new JointRunner(runner, pool, told, objection);
  }

  /** Another one that repeats the answers of the model's first runs. */
  JointRunner recorded(RunListener told) {
    return new JointRunner(new RecordedRunner(runner, pool), pool, told, objection);
  }

  /** Why requests cannot be joined, if they cannot; known from the start or learnt from a run. */
  Optional<String> objection() {
    return objection;
  }

  /** Runs one request by itself. */
  InferenceResponse run(InferenceRequest request) {
    InferenceResponse response = runner.run(request);
    listener.ran(rows(request), 0, response.runNanos(), 0);
    return response;
  }

  /** Runs the requests, which {@link Batch#fit} each other. The outcomes are in their order. */
  List<Outcome> run(List<InferenceRequest> requests) {
    if (requests.size() > 1) {
      Optional<List<Outcome>> joint = joint(new Batch(requests));
      if (joint.isPresent()) {
        return joint.get();
      }
    }
    List<Outcome> outcomes = new ArrayList<>(requests.size());
    for (InferenceRequest request : requests) {
      outcomes.add(alone(request));
    }
    return outcomes;
  }

  private Optional<List<Outcome>> joint(Batch batch) {
    long start = System.nanoTime();
    InferenceResponse whole;
    long joinNanos;
    long end;
    try (InferenceRequest joined = batch.join(pool)) {
      joinNanos = System.nanoTime() - start;
      whole = runner.run(joined);
      end = System.nanoTime();
    } catch (RuntimeException e) {
      return Optional.empty();
    }
    Optional<String> found = batch.objection(whole);
    if (found.isPresent()) {
      whole.close();
      objection = found;
      return Optional.empty();
    }
    List<Outcome> outcomes = new ArrayList<>();
    batch.split(whole).forEach(part -> outcomes.add(new Outcome.Answer(part)));
    listener.ran(batch.rows(), joinNanos, whole.runNanos(), System.nanoTime() - end);
    return Optional.of(outcomes);
  }

  private Outcome alone(InferenceRequest request) {
    if (request.deadline().passed()) {
      return new Outcome.Failure(Deadline.exceeded("before the model could run"));
    }
    try {
      return new Outcome.Answer(run(request));
    } catch (RuntimeException e) {
      return new Outcome.Failure(e);
    }
  }

  private static long rows(InferenceRequest request) {
    for (Tensor input : request.inputs().values()) {
      return input.shape().rank() == 0 ? 1 : input.shape().dimension(0);
    }
    return 1;
  }
}
