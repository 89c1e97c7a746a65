package dev.skiff.server.runtime;

import java.util.Collections;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/** The hardware back end that ONNX Runtime runs a model's nodes on. */
public sealed interface ExecutionProvider {

  /** The short name that configuration and replies use. */
  String label();

  /** How many threads may share the work of one operator on the processor, at least 1. */
  int intraOpThreads();

  /** The same, with this many. */
  default ExecutionProvider withIntraOpThreads(int threads) {
    return switch (this) {
      case Cpu cpu -> new Cpu(threads);
      case Cuda cuda -> new Cuda(threads, cuda.gpu());
      case TensorRt tensorRt -> new TensorRt(threads, tensorRt.gpu());
    };
  }

  /** The processor, with threads of the session's own. */
  record Cpu(int intraOpThreads) implements ExecutionProvider {
    public Cpu {
      requireThreads(intraOpThreads);
    }

    @Override
    public String label() {
      return "cpu";
    }
  }

  /** A provider that needs an NVIDIA GPU. */
  sealed interface Accelerator extends ExecutionProvider {
    Gpu gpu();
  }

  /** An NVIDIA GPU; nodes that CUDA has no kernel for run on the processor. */
  record Cuda(int intraOpThreads, Gpu gpu) implements Accelerator {
    public Cuda {
      requireThreads(intraOpThreads);
    }

    @Override
    public String label() {
      return "cuda";
    }
  }

  /** TensorRT; what it does not take runs on CUDA, and what that does not, on the processor. */
  record TensorRt(int intraOpThreads, Gpu gpu) implements Accelerator {
    public TensorRt {
      requireThreads(intraOpThreads);
    }

    @Override
    public String label() {
      return "tensorrt";
    }
  }

  /**
   * A GPU, and how it is used.
   *
   * @param device its number, from 0
   * @param memoryLimit the most bytes of its memory that one session takes, if there is a limit
   * @param options settings of ONNX Runtime's CUDA provider, over {@link CudaOptions}' own
   */
  record Gpu(int device, OptionalLong memoryLimit, SortedMap<String, String> options) {
    public Gpu {
      options = Collections.unmodifiableSortedMap(new TreeMap<>(options));
    }
  }

  private static void requireThreads(int intraOpThreads) {
    if (intraOpThreads < 1) {
      throw new IllegalArgumentException("intraOpThreads must be at least 1");
    }
  }
}
