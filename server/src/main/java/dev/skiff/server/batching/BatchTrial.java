package dev.skiff.server.batching;

import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Finds out before a model is served whether its requests may be joined, and whether that gains
 * anything. An open outermost dimension is no proof: it may be time, and rows may depend on each
 * other (a mean over the batch, the scale of a dynamic quantisation). So rows run alone and
 * together, and the answers and the times are compared.
 */
public final class BatchTrial {
  /** How many rows run together: so many that a gain shows, so few that a start can afford it. */
  static final int ROWS = 8;

  /** Together the rows have to take at most this part of the time that they take alone. */
  private static final double WORTHWHILE = 0.8;

  private static final long PATIENCE_NANOS = 20_000_000;
  private static final int ROUNDS = 20;

  private final Runner runner;
  private final TensorPool pool;
  private final LongSupplier nanoTime;

  /** A trial of a model that nobody else runs. */
  public BatchTrial(Runner runner, TensorPool pool) {
    this(runner, pool, System::nanoTime);
  }

  BatchTrial(Runner runner, TensorPool pool, LongSupplier nanoTime) {
    this.runner = runner;
    this.pool = pool;
    this.nanoTime = nanoTime;
  }

  /**
   * Tries it.
   *
   * @param rows requests of one row each that differ; the caller closes them
   * @return why the model's requests are better not joined, if so
   * @throws InferenceException if the model cannot run on one of them
   */
  public Optional<String> objection(List<InferenceRequest> rows) {
    List<InferenceRequest> members = new ArrayList<>(ROWS);
    for (int i = 0; i < ROWS; i++) {
      members.add(rows.get(i % rows.size()));
    }
    if (!members.stream().allMatch(member -> Batch.fit(rows.getFirst(), member))) {
      return Optional.of("its inputs have no common outermost dimension");
    }
    Batch batch = new Batch(members);
    return difference(rows, batch).or(() -> loss(rows.getFirst(), batch));
  }

  private Optional<String> difference(List<InferenceRequest> rows, Batch batch) {
    List<InferenceResponse> open = new ArrayList<>();
    try {
      for (InferenceRequest row : rows) {
        InferenceResponse answer = runner.run(row);
        open.add(answer);
        Optional<String> objection = Batch.objection(answer, 1);
        if (objection.isPresent()) {
          return objection;
        }
      }
      InferenceResponse whole = together(batch);
      Optional<String> objection = batch.objection(whole);
      if (objection.isPresent()) {
        open.add(whole);
        return objection;
      }
      List<InferenceResponse> parts = batch.split(whole);
      open.addAll(parts);
      for (int i = 0; i < parts.size(); i++) {
        for (Map.Entry<String, Value> output : parts.get(i).outputs().entrySet()) {
          Value alone = open.get(i % rows.size()).outputs().get(output.getKey());
          if (alone == null || !Closeness.close(alone, output.getValue())) {
            return Optional.of(
                "output '%s' of a row depends on the rows beside it".formatted(output.getKey()));
          }
        }
      }
      return Optional.empty();
    } finally {
      open.forEach(InferenceResponse::close);
    }
  }

  private Optional<String> loss(InferenceRequest row, Batch batch) {
    long alone = Long.MAX_VALUE;
    long together = Long.MAX_VALUE;
    long start = nanoTime.getAsLong();
    // The fastest of several: what else the machine does only ever adds.
    for (int i = 0; i < ROUNDS && nanoTime.getAsLong() - start < PATIENCE_NANOS; i++) {
      long began = nanoTime.getAsLong();
      runner.run(row).close();
      long between = nanoTime.getAsLong();
      together(batch).close();
      alone = Math.min(alone, between - began);
      together = Math.min(together, nanoTime.getAsLong() - between);
    }
    double share = (double) together / (ROWS * alone);
    return share <= WORTHWHILE
        ? Optional.empty()
        : Optional.of(
            "%d rows together take %.0f %% of the time that they take alone"
                .formatted(ROWS, 100 * share));
  }

  private InferenceResponse together(Batch batch) {
    try (InferenceRequest joined = batch.join(pool)) {
      return runner.run(joined);
    }
  }
}
