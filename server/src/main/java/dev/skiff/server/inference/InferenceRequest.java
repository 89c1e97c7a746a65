package dev.skiff.server.inference;

import java.util.List;
import java.util.Map;

/**
 * One request to run a model, already checked against the model's specification. Both wire dialects
 * become this. Closing it closes its tensors.
 *
 * @param inputs a tensor for every input of the model, by name
 * @param outputs the names of the outputs that are wanted, at least one, each once
 * @param deadline when the client stops waiting
 */
public record InferenceRequest(Map<String, Tensor> inputs, List<String> outputs, Deadline deadline)
    implements AutoCloseable {

  @Override
  public void close() {
    inputs.values().forEach(Tensor::close);
  }
}
