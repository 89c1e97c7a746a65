package dev.skiff.server.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.TensorInfo;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.TensorSpec;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The outputs of one model that it writes straight into pooled tensors, because their shapes are
 * known before it runs: how they follow from the inputs is guessed from the graph, and confirmed by
 * runs. Thread-safe, but for {@link #guess} and {@link #learn}.
 */
final class PinnedOutputs {
  private final TensorPool pool;
  private final Map<String, Rule> guessed = new HashMap<>();
  private final Map<String, Rule> confirmed = new ConcurrentHashMap<>();

  private record Rule(Datatype datatype, OutputShapes shapes) {}

  PinnedOutputs(TensorPool pool) {
    this.pool = pool;
  }

  /** Adds the rule that the graph suggests for an output, if any, to be confirmed. */
  void guess(TensorSpec output, NodeInfo node, Collection<NodeInfo> inputs) {
    if (node.getInfo() instanceof TensorInfo info
        && OnnxTypes.bufferType(output.datatype()).isPresent()) {
      OutputShapes.of(info, inputs)
          .ifPresent(shapes -> guessed.put(output.name(), new Rule(output.datatype(), shapes)));
    }
  }

  /** Compares the rules with an answer. */
  void learn(InferenceRequest request, InferenceResponse response) {
    response
        .outputs()
        .forEach(
            (name, value) -> {
              Rule rule = guessed.get(name);
              if (rule != null && value instanceof Tensor tensor) {
                if (rule.shapes().predict(request.inputs()).equals(tensor.shape())) {
                  confirmed.put(name, rule);
                } else {
                  guessed.remove(name);
                  confirmed.remove(name);
                }
              }
            });
  }

  /** Tensors for those outputs of the request whose shapes are known; the caller closes them. */
  Map<String, Tensor> acquire(InferenceRequest request) {
    Map<String, Tensor> pinned = HashMap.newHashMap(request.outputs().size());
    try {
      for (String name : request.outputs()) {
        Rule rule = confirmed.get(name);
        if (rule != null) {
          Shape shape = rule.shapes().predict(request.inputs());
          // Empty batches are where models keep to their own shapes least.
          if (shape.elements() > 0) {
            pinned.put(name, pool.acquire(rule.datatype(), shape));
          }
        }
      }
      return pinned;
    } catch (RuntimeException | OutOfMemoryError e) {
      pinned.values().forEach(Tensor::close);
      throw e;
    }
  }

  /** Forgets the rules of these outputs, which a run has proved wrong. */
  void forget(Set<String> outputs) {
    confirmed.keySet().removeAll(outputs);
  }
}
