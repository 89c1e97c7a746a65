package dev.skiff.server.runtime;

import dev.skiff.server.runtime.ExecutionProvider.Gpu;
import java.util.Optional;
import java.util.OptionalInt;

/** What is asked about a GPU once something has gone wrong on it. It may not know an answer. */
interface Device {

  /** The bytes of its memory that one session can ever have. */
  long capacity();

  /** Its compute capability: 90 is 9.0. */
  OptionalInt capability();

  /** What the CUDA provider has kernels for. */
  Optional<Architectures> kernels();

  /** Whether the CUDA provider is known to have kernels for it. */
  default boolean isServed() {
    OptionalInt known = capability();
    return known.isPresent()
        && kernels().filter(found -> found.serve(known.getAsInt())).isPresent();
  }

  /** The GPU in a sentence, with its architecture where that is known. */
  default String description() {
    OptionalInt known = capability();
    return known.isPresent() ? "the GPU, which is sm_" + known.getAsInt() : "the GPU";
  }

  static Device of(Gpu gpu) {
    return new Device() {
      @Override
      public long capacity() {
        return GpuMemory.capacity(gpu);
      }

      @Override
      public OptionalInt capability() {
        return CudaRuntime.capability(gpu.device());
      }

      @Override
      public Optional<Architectures> kernels() {
        return Architectures.ofProvider();
      }
    };
  }
}
