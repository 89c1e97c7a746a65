package dev.skiff.server.runtime;

import java.util.Optional;

/** The execution providers that need a GPU. Thread-safe. */
public interface Accelerators {

  /** Whether this build of ONNX Runtime has CUDA, whatever the machine has. */
  boolean built();

  /**
   * Tries a provider on its device; the first time takes as long as CUDA's start, some hundred
   * milliseconds.
   *
   * @return why it cannot be used, with the remedy, in one sentence; nothing if it can
   */
  Optional<String> objection(ExecutionProvider.Accelerator wanted);
}
