package dev.skiff.server.model;

import dev.skiff.server.batching.BatchPolicy;
import dev.skiff.server.batching.Batcher;
import dev.skiff.server.batching.Runner;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.TensorPool;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Loaded models without a file behind them. */
final class Models {
  private Models() {}

  /** A model without inputs that answers with nothing. */
  static LoadedModel loaded(Runnable release) {
    Runner runner = request -> new InferenceResponse(new LinkedHashMap<>(), 0, 0);
    return new LoadedModel(
        List.of(),
        List.of(),
        List.of(),
        new TensorPool(0),
        batcher(runner),
        ServiceTime.unknown(),
        new Placement("cpu", OptionalInt.empty(), Collections.emptySortedMap(), Optional.empty()),
        release);
  }

  static Batcher batcher(Runner runner) {
    return new Batcher(
        runner,
        new TensorPool(0),
        (rows, join, run, split) -> {},
        BatchPolicy.ALONE,
        Optional.empty(),
        new Batcher.Limits(1, 1, Long.MAX_VALUE, Long.MAX_VALUE));
  }
}
