package dev.skiff.server.model;

import dev.skiff.server.runtime.ExecutionProvider;
import java.util.OptionalInt;

/**
 * Where a model runs.
 *
 * @param provider the execution provider, by the name that the configuration has for it
 * @param device the GPU, counted from 0, if it needs one
 */
public record Placement(String provider, OptionalInt device) {

  static Placement on(ExecutionProvider provider) {
    return new Placement(
        provider.label(),
        provider instanceof ExecutionProvider.Accelerator accelerator
            ? OptionalInt.of(accelerator.gpu().device())
            : OptionalInt.empty());
  }
}
