package dev.skiff.server.model;

import dev.skiff.server.config.ProviderConfig;
import dev.skiff.server.runtime.Accelerators;
import dev.skiff.server.runtime.ExecutionProvider;
import dev.skiff.server.runtime.ExecutionProvider.Accelerator;
import dev.skiff.server.runtime.ExecutionProvider.Cpu;
import dev.skiff.server.runtime.ExecutionProvider.Cuda;
import dev.skiff.server.runtime.ExecutionProvider.Gpu;
import dev.skiff.server.runtime.ExecutionProvider.TensorRt;
import dev.skiff.server.runtime.ModelLoadException;
import java.util.Optional;

/**
 * What a model runs on, and why not on a GPU where one might have been expected.
 *
 * @param provider the execution provider, on one thread
 * @param regret why it is the CPU although this build has CUDA and nobody asked for the CPU
 */
record ProviderChoice(ExecutionProvider provider, Optional<String> regret) {

  /**
   * Chooses. What was asked for by name is taken or refused, never replaced.
   *
   * @throws ModelLoadException if what was asked for cannot be had; its reason has the remedy
   */
  static ProviderChoice of(ProviderConfig config, Accelerators accelerators)
      throws ModelLoadException {
    return switch (config.choice()) {
      case AUTO -> auto(config, accelerators);
      case CUDA -> wanted(new Cuda(1, gpu(config)), accelerators);
      case TENSORRT -> wanted(new TensorRt(1, gpu(config)), accelerators);
      case CPU -> cpu(config, "the configuration asks for the CPU", Optional.empty());
    };
  }

  private static ProviderChoice auto(ProviderConfig config, Accelerators accelerators)
      throws ModelLoadException {
    if (!accelerators.built()) {
      return cpu(config, "this is the CPU's build", Optional.empty());
    }
    Cuda cuda = new Cuda(1, gpu(config));
    Optional<String> objection = accelerators.objection(cuda);
    return objection.isEmpty()
        ? new ProviderChoice(cuda, Optional.empty())
        : cpu(config, objection.get(), objection);
  }

  /**
   * What a model that cannot be loaded on this is loaded on instead: the CPU, where that has what
   * the GPU lacks, and nobody asked for the GPU by name.
   *
   * @throws ModelLoadException that which was given, where there is nothing instead; or the reason
   *     that requires the GPU
   */
  ProviderChoice insteadFor(ProviderConfig config, ModelLoadException failure)
      throws ModelLoadException {
    if (config.choice() != ProviderConfig.Choice.AUTO || !failure.cpuWouldDo()) {
      throw failure;
    }
    return cpu(config, failure.reason(), Optional.of(failure.reason()));
  }

  private static Gpu gpu(ProviderConfig config) {
    return new Gpu(config.device(), config.memoryLimit(), config.cudaOptions());
  }

  private static ProviderChoice wanted(Accelerator wanted, Accelerators accelerators)
      throws ModelLoadException {
    Optional<String> objection = accelerators.objection(wanted);
    if (objection.isPresent()) {
      throw new ModelLoadException(objection.get());
    }
    return new ProviderChoice(wanted, Optional.empty());
  }

  private static ProviderChoice cpu(ProviderConfig config, String why, Optional<String> regret)
      throws ModelLoadException {
    if (config.requireFullGpu()) {
      throw new ModelLoadException("require-full-gpu is set, but " + why);
    }
    return new ProviderChoice(new Cpu(1), regret);
  }
}
