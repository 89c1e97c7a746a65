package dev.skiff.server.model;

import dev.skiff.server.batching.Batcher;
import dev.skiff.server.batching.RunListener;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.TensorSpec;
import java.util.List;

/**
 * A model that can run.
 *
 * @param inputs the graph's inputs, all required
 * @param outputs the graph's outputs
 * @param labels the lines of {@code labels.txt}, empty without one
 * @param pool where tensors for the inputs come from
 * @param batcher runs requests in turn
 * @param serviceTime how long its requests take
 * @param placement where it runs
 * @param release frees everything, once nobody runs the model any more
 */
public record LoadedModel(
    List<TensorSpec> inputs,
    List<TensorSpec> outputs,
    List<String> labels,
    TensorPool pool,
    Batcher batcher,
    ServiceTime serviceTime,
    Placement placement,
    Runnable release) {
  public LoadedModel {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    labels = List.copyOf(labels);
  }

  /**
   * The same model for a rehearsal, with somebody else told of its runs, and something else to do
   * at its end. One that is slow only repeats its first answers, and stays slow whatever that
   * takes.
   */
  LoadedModel rehearsed(RunListener listener, Runnable end) {
    boolean quick = serviceTime.isQuick();
    return new LoadedModel(
        inputs,
        outputs,
        labels,
        pool,
        quick ? batcher.another(listener) : batcher.recorded(listener),
        quick ? serviceTime : serviceTime.unbounded(),
        placement,
        end);
  }
}
