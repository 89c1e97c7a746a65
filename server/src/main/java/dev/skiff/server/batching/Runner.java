package dev.skiff.server.batching;

import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;

/** Runs a model on one request. Thread-safe. */
@FunctionalInterface
public interface Runner {

  /**
   * Runs the model. The caller keeps the request and closes it; the response is the caller's too.
   *
   * @throws dev.skiff.server.inference.InferenceException if the model failed on this request
   */
  InferenceResponse run(InferenceRequest request);
}
