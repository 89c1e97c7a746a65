package dev.skiff.server.model;

import dev.skiff.server.batching.Runner;
import dev.skiff.server.batching.Scheduler;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.TensorPool;
import java.util.LinkedHashMap;
import java.util.List;

/** Loaded models without a file behind them. */
final class Models {
  private Models() {}

  /** A model without inputs that answers with nothing. */
  static LoadedModel loaded(Runnable release) {
    Runner runner = request -> new InferenceResponse(new LinkedHashMap<>(), 0, 0);
    return new LoadedModel(
        List.of(), List.of(), List.of(), new TensorPool(0), new Scheduler(runner, 1, 1), release);
  }
}
