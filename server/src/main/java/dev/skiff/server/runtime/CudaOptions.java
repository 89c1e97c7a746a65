package dev.skiff.server.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import ai.onnxruntime.providers.OrtTensorRTProviderOptions;
import dev.skiff.server.runtime.ExecutionProvider.Gpu;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The settings of the providers that need a GPU. */
final class CudaOptions {
  private CudaOptions() {}

  /**
   * What the CUDA provider is told, by its own names
   * (https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html).
   */
  static SortedMap<String, String> of(Gpu gpu) {
    SortedMap<String, String> options = new TreeMap<>();
    // Mode A of cuDNN's heuristics. ONNX Runtime's own, EXHAUSTIVE, is mode B (as 1.29 asks cuDNN
    // 9), of which NVIDIA says that it is more accurate and takes more CPU, for each new shape.
    options.put("cudnn_conv_algo_search", "HEURISTIC");
    // ONNX Runtime's default, said so that it stays.
    options.put("cudnn_conv_use_max_workspace", "1");
    // Its kNextPowerOfTwo takes up to twice what is needed, and models share the GPU.
    options.put("arena_extend_strategy", "kSameAsRequested");
    // Its default, too: copies on a stream of their own race with the kernels.
    options.put("do_copy_in_default_stream", "1");
    gpu.memoryLimit().ifPresent(limit -> options.put("gpu_mem_limit", Long.toString(limit)));
    options.putAll(gpu.options());
    options.put("device_id", Integer.toString(gpu.device()));
    return options;
  }

  static void addCuda(SessionOptions session, Gpu gpu) throws OrtException {
    try (OrtCUDAProviderOptions options = new OrtCUDAProviderOptions(gpu.device())) {
      for (Map.Entry<String, String> option : of(gpu).entrySet()) {
        options.add(option.getKey(), option.getValue());
      }
      session.addCUDA(options);
    }
  }

  /** TensorRT first, which is told the device alone, then CUDA for what it leaves. */
  static void addTensorRt(SessionOptions session, Gpu gpu) throws OrtException {
    try (OrtTensorRTProviderOptions options = new OrtTensorRTProviderOptions(gpu.device())) {
      session.addTensorrt(options);
    }
    addCuda(session, gpu);
  }
}
