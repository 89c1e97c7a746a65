package dev.skiff.server.batching;

import dev.skiff.server.inference.InferenceResponse;

/** What became of a request that ran with others. */
public sealed interface Outcome {

  /** The answer, or what the model threw. */
  InferenceResponse answer();

  /** It was answered. */
  record Answer(InferenceResponse answer) implements Outcome {}

  /** It failed. */
  record Failure(RuntimeException error) implements Outcome {
    @Override
    public InferenceResponse answer() {
      throw error;
    }
  }
}
