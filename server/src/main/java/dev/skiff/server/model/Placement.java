package dev.skiff.server.model;

import dev.skiff.server.runtime.ExecutionProvider;
import dev.skiff.server.runtime.NodePlacement;
import java.util.Collections;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where a model runs.
 *
 * @param provider the execution provider, by the name that the configuration has for it
 * @param device the GPU, counted from 0, if it needs one
 * @param nodes how many nodes of the graph each provider has; empty on the CPU, which has all
 * @param regret why it is the CPU where a GPU could have been expected, if so
 */
public record Placement(
    String provider,
    OptionalInt device,
    SortedMap<String, Integer> nodes,
    Optional<String> regret) {
  public Placement {
    nodes = Collections.unmodifiableSortedMap(new TreeMap<>(nodes));
  }

  static Placement on(ProviderChoice choice, NodePlacement placement) {
    return new Placement(
        choice.provider().label(),
        choice.provider() instanceof ExecutionProvider.Accelerator accelerator
            ? OptionalInt.of(accelerator.gpu().device())
            : OptionalInt.empty(),
        placement.nodes(),
        choice.regret());
  }
}
