package dev.skiff.server.model;

import dev.skiff.server.runtime.Accelerators;
import dev.skiff.server.runtime.ExecutionProvider.Accelerator;
import java.util.Optional;

/** A build with CUDA or without, and what it says to a GPU. */
record FakeAccelerators(boolean built, Optional<String> objection) implements Accelerators {

  @Override
  public Optional<String> objection(Accelerator wanted) {
    return objection;
  }
}
