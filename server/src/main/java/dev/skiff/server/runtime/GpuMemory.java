package dev.skiff.server.runtime;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.runtime.ExecutionProvider.Gpu;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What becomes of a run for which a GPU has not enough memory. */
final class GpuMemory {
  private static final Pattern EXHAUSTED =
      Pattern.compile(
          "CUDA error cudaErrorMemoryAllocation:|CUDA failure 2: |CUBLAS_STATUS_ALLOC_FAILED"
              + "|CUBLAS failure 3\\b|CUDNN_STATUS_ALLOC_FAILED"
              + "|Failed to allocate memory for requested buffer"
              + "|Available memory of \\d+ is smaller than requested");

  private static final Pattern REQUESTED =
      Pattern.compile("requested (?:buffer of size|bytes of) (\\d{1,20})");

  private GpuMemory() {}

  /** Whether a text of ONNX Runtime's says that there is too little. */
  static boolean isExhausted(String text) {
    return EXHAUSTED.matcher(text).find();
  }

  /**
   * Tells a tensor that is larger than all of the memory, which no other time will do for, from one
   * that only finds no room now.
   *
   * @param text of {@link #isExhausted}
   * @param capacity the bytes that one session can ever have
   */
  static Diagnosis exhausted(String text, LongSupplier capacity) {
    Matcher requested = REQUESTED.matcher(text);
    if (requested.find()) {
      long most = capacity.getAsLong();
      if (isMore(requested.group(1), most)) {
        return Diagnosis.ofRun(
            ErrorCode.RESOURCE_EXHAUSTED,
            "a tensor of %s bytes does not fit into the %d bytes of GPU memory that the model may have: send fewer rows"
                .formatted(requested.group(1), most));
      }
    }
    return Diagnosis.ofRun(
        ErrorCode.OVERLOADED,
        "the GPU's memory is used up: give models a gpu-memory-limit, lower max-batch-size or concurrency, or serve fewer models on this GPU");
  }

  /** The text's number has 64 bits and no sign. */
  private static boolean isMore(String bytes, long most) {
    return Long.compareUnsigned(Long.parseUnsignedLong(bytes), most) > 0;
  }

  /**
   * How many bytes one session can ever have: its limit, or what the device has. As many as there
   * are numbers where neither is known.
   */
  static long capacity(Gpu gpu) {
    return Math.min(
        gpu.memoryLimit().orElse(Long.MAX_VALUE),
        CudaRuntime.memory(gpu.device()).orElse(Long.MAX_VALUE));
  }
}
