package dev.skiff.server.config;

import java.util.Collections;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The hardware that a model runs on.
 *
 * @param choice the execution provider
 * @param device the GPU, counted from 0
 * @param memoryLimit the most bytes of its memory that one model takes for weights and tensors
 * @param requireFullGpu whether a model with nodes left on the CPU is refused
 * @param cudaOptions settings of ONNX Runtime's CUDA provider, by its names for them
 */
public record ProviderConfig(
    Choice choice,
    int device,
    OptionalLong memoryLimit,
    boolean requireFullGpu,
    SortedMap<String, String> cudaOptions) {

  static final int MAX_DEVICE = 255;

  public ProviderConfig {
    cudaOptions = Collections.unmodifiableSortedMap(new TreeMap<>(cudaOptions));
  }

  /** Which execution provider is wanted. */
  public enum Choice {
    /** CUDA where this build has it and a GPU can be used, else the CPU. */
    AUTO,
    CUDA,
    /** TensorRT, with CUDA for the nodes that it does not take. */
    TENSORRT,
    CPU
  }

  ProviderConfig withChoice(Choice other) {
    return new ProviderConfig(other, device, memoryLimit, requireFullGpu, cudaOptions);
  }

  ProviderConfig withDevice(int other) {
    return new ProviderConfig(choice, other, memoryLimit, requireFullGpu, cudaOptions);
  }

  ProviderConfig withMemoryLimit(OptionalLong other) {
    return new ProviderConfig(choice, device, other, requireFullGpu, cudaOptions);
  }

  ProviderConfig withRequireFullGpu(boolean other) {
    return new ProviderConfig(choice, device, memoryLimit, other, cudaOptions);
  }

  /** The same, with these options over those that it has. */
  ProviderConfig withCudaOptions(SortedMap<String, String> others) {
    SortedMap<String, String> merged = new TreeMap<>(cudaOptions);
    merged.putAll(others);
    return new ProviderConfig(choice, device, memoryLimit, requireFullGpu, merged);
  }
}
