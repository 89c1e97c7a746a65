package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names and texts are those of CUDA's runtime 12.9. */
class StickyErrorsTest {
  @ParameterizedTest
  @CsvSource({
    "214, cudaErrorECCUncorrectable, uncorrectable ECC error encountered",
    "220, cudaErrorNvlinkUncorrectable, uncorrectable NVLink error detected during the execution",
    "226, cudaErrorContained, Invalid access of peer GPU memory over nvlink or a hardware error",
    "700, cudaErrorIllegalAddress, an illegal memory access was encountered",
    "702, cudaErrorLaunchTimeout, the launch timed out and was terminated",
    "710, cudaErrorAssert, device-side assert triggered",
    "714, cudaErrorHardwareStackError, hardware stack error",
    "715, cudaErrorIllegalInstruction, an illegal instruction was encountered",
    "716, cudaErrorMisalignedAddress, misaligned address",
    "717, cudaErrorInvalidAddressSpace, operation not supported on global/shared address space",
    "718, cudaErrorInvalidPc, invalid program counter",
    "719, cudaErrorLaunchFailure, unspecified launch failure",
    "721, cudaErrorTensorMemoryLeak, tensor memory not completely freed",
    "810, cudaErrorMpsClientTerminated, the MPS client has been terminated by the server",
    "911, cudaErrorExternalDevice, an async error has occured in external entity outside of CUDA",
    "999, cudaErrorUnknown, unknown error"
  })
  void oneThatStays(int code, String name, String text) {
    assertThat(StickyErrors.in("CUDA failure %d: %s ; GPU=0".formatted(code, text))).contains(name);
    assertThat(StickyErrors.in("CUDA error %s:%s".formatted(name, text))).contains(name);
  }

  /**
   * A GPU that is busy, no memory, no kernels, and libraries whose own errors have such numbers.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDA failure 46: CUDA-capable device(s) is/are busy or unavailable ; GPU=0",
        "CUDA failure 2: out of memory ; GPU=0",
        "CUDA failure 7000: ?",
        "CUDA error cudaErrorMemoryAllocation:out of memory",
        "CUDA error cudaErrorNoKernelImageForDevice:no kernel image is available",
        "CUDNN failure 700: ? ; GPU=0",
        "no CUDA execution provider"
      })
  void oneThatPasses(String text) {
    assertThat(StickyErrors.in(text)).isEmpty();
  }

  @Test
  void oneThatStaysBehindOneThatPasses() {
    assertThat(StickyErrors.in("CUDA failure 2: out of memory, then CUDA failure 719: unspecified"))
        .contains("cudaErrorLaunchFailure");
  }
}
