package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.ErrorCode;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The errors are what ONNX Runtime 1.29 says, got from its CUDA provider with libraries left out
 * and with a stand-in for libcudart that answers with these codes; the machines are made up.
 */
class DiagnosisTest {
  private static final Machine BARE = machine(false, "", "");
  private static final Machine WITH_GPU = machine(true, "550.54.14", "all", "libcuda.so.1");

  private static final String LOADING =
      "Error code - ORT_FAIL - message: /onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1988"
          + " onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL :"
          + " Failed to load library /skiff/native/libonnxruntime_providers_cuda.so with error: ";

  @Test
  void theCpusBuild() {
    assertThat(Diagnosis.cpuBuild("cuda").sentence())
        .isEqualTo(
            "'cuda' was asked for, and this is the CPU's build, which has none: use the GPU image,"
                + " skiff:gpu, or ask for cpu");
  }

  @Test
  void theProvidersOwnLibraryIsMissing() {
    assertThat(
            sentence(
                "Error code - ORT_EP_FAIL - message: Failed to find CUDA shared provider",
                WITH_GPU))
        .contains("libonnxruntime_providers_cuda.so", "use the GPU image");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"libcublasLt.so.12", "libcublas.so.12", "libcudart.so.12", "libcurand.so.10"})
  void aLibraryIsMissing(String library) {
    assertThat(sentence(notFound(library), WITH_GPU))
        .isEqualTo(
            library
                + " is missing: use the GPU image, or install CUDA 12's libraries where the loader"
                + " looks (LD_LIBRARY_PATH)");
  }

  @Test
  void aLibraryOfAnotherMajor() {
    assertThat(
            sentence(
                notFound("libcublas.so.12"),
                machine(true, "550.54.14", "all", "libcublas.so.11", "libcublasLt.so.11")))
        .startsWith("only libcublas.so.11 is here, where libcublas.so.12 is needed: use the GPU");
  }

  @Test
  void aLibraryThatIsTooOld() {
    assertThat(
            sentence(
                LOADING
                    + "/opt/libonnxruntime_providers_cuda.so: undefined symbol: cudaLibraryLoadData,"
                    + " version libcudart.so.12",
                WITH_GPU))
        .startsWith(
            "libcudart.so.12 is too old for this ONNX Runtime (it has no cudaLibraryLoadData)");
  }

  /** Both ways that ONNX Runtime says so: with libcuda among the provider's needs, and without. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noDriverOnTheHost(boolean linked) {
    assertThat(sentence(noDriver(linked), BARE))
        .startsWith("this host has no NVIDIA driver, or no GPU: install driver 525 or later");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void gpusForgotten(boolean linked) {
    assertThat(sentence(noDriver(linked), machine(false, "550.54.14", "all")))
        .isEqualTo(
            "the host has NVIDIA's driver 550.54.14, but the container was given no GPU: start it"
                + " with --gpus all, in Kubernetes with a limit on nvidia.com/gpu");
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "void", ""})
  void everyGpuHidden(String visible) {
    assertThat(sentence(noDriver(true), machine(false, "550.54.14", visible)))
        .startsWith("NVIDIA_VISIBLE_DEVICES is '" + visible + "', which hides every GPU");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theDriversLibraryIsNotInTheContainer(boolean linked) {
    assertThat(sentence(noDriver(linked), machine(true, "550.54.14", "all")))
        .contains("libcuda.so.1 is not", "NVIDIA_DRIVER_CAPABILITIES must be compute,utility");
  }

  @Test
  void theDriversLibraryIsNotWhereTheLoaderLooks() {
    assertThat(sentence(notFound("libcuda.so.1"), WITH_GPU)).contains("LD_LIBRARY_PATH");
  }

  @Test
  void theDriverIsTooOld() {
    assertThat(
            sentence(
                counting(35, "CUDA driver version is insufficient for CUDA runtime version"),
                machine(true, "470.82.01", "all", "libcuda.so.1")))
        .startsWith("the host's NVIDIA driver 470.82.01 is too old for this build's CUDA 12:");
  }

  @Test
  void noDeviceAlthoughTheDriverIsThere() {
    assertThat(sentence(counting(100, "no CUDA-capable device is detected"), WITH_GPU))
        .startsWith("the driver shows no GPU: CUDA_VISIBLE_DEVICES must name one");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDA failure 101: invalid device ordinal ; GPU=0 ; hostname=vm ; expr=cudaSetDevice(info_.device_id);",
        "provider_options_utils.h:187 Parse Failed to parse provider option \"device_id\": Invalid device ID: 7, must be between 0 and 1"
      })
  void noGpuOfThatNumber(String text) {
    assertThat(sentence(text, WITH_GPU)).startsWith("there is no GPU of that number here");
  }

  @ParameterizedTest
  @CsvSource({
    "802, nvidia-fabricmanager must run",
    "803, driver's kernel module 550.54.14 and its libcuda"
  })
  void theDriverIsOutOfOrder(int code, String expected) {
    assertThat(sentence(counting(code, "something"), WITH_GPU)).contains(expected);
  }

  @ParameterizedTest
  @CsvSource({"CUDA failure 46", "CUBLAS failure 1", "CUDNN failure 3000", "CUDNN_FE failure 11"})
  void anotherFailureOfTheGpu(String failure) {
    assertThat(sentence(failure + ": x ; GPU=0 ; hostname=secret ; file=/a.cc", WITH_GPU))
        .startsWith("the GPU failed (" + failure + ")")
        .doesNotContain("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Non-zero status code returned while running Mul node. Name:'' Status Message: CUDA error cudaErrorNoKernelImageForDevice:no kernel image is available for execution on the device",
        "CUDA failure 209: no kernel image is available for execution on the device ; GPU=0"
      })
  void anArchitectureWithoutKernels(String text) {
    assertThat(sentence(text, WITH_GPU))
        .isEqualTo(
            "this build has no kernels for the GPU, which is sm_120, only for sm_80, sm_90a: use the"
                + " image with every architecture, or build one with this GPU's");
    assertThat(Diagnosis.of(text, WITH_GPU, FakeDevice.UNKNOWN).orElseThrow().sentence())
        .startsWith("this build has no kernels for the GPU: use the image with every");
    assertThat(Diagnosis.of(text, WITH_GPU, FakeDevice.HOPPER).orElseThrow().sentence())
        .startsWith(
            "a kernel is missing for the GPU, which is sm_90, though ONNX Runtime has code for it");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Exception during initialization: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:359 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 256",
        "CUDA failure 2: out of memory ; GPU=0",
        "Status Message: CUDA error cudaErrorMemoryAllocation:out of memory",
        "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
        "BFCArena: Available memory of 1024 is smaller than requested bytes of 4096"
      })
  @BadInput(91)
  void outOfMemory(String text) {
    Diagnosis diagnosis = diagnosis(text, WITH_GPU);
    assertThat(diagnosis.sentence())
        .startsWith("the GPU's memory is used up: give models a gpu-memory-limit");
    assertThat(diagnosis.code()).isEqualTo(ErrorCode.OVERLOADED);
    assertThat(diagnosis.sticky()).isFalse();
  }

  /** The last number has 64 bits: the sizes of tensors are computed without a sign. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Failed to allocate memory for requested buffer of size 8193",
        "BFCArena: Available memory of 1024 is smaller than requested bytes of 8193",
        "Failed to allocate memory for requested buffer of size 18446744073709551360"
      })
  void moreThanTheGpuHas(String text) {
    Diagnosis diagnosis = diagnosis(text, WITH_GPU);
    assertThat(diagnosis.sentence())
        .matches(
            "a tensor of \\d+ bytes does not fit into the 8192 bytes of GPU memory that the model"
                + " may have: send fewer rows");
    assertThat(diagnosis.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED);
    assertThat(diagnosis.sticky()).isFalse();
  }

  /** Both ways that the provider reports it: a call that failed, and a kernel. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=vm ; expr=cudaMemcpyAsync(dst_data, src_data, bytes, cudaMemcpyHostToDevice",
        "Non-zero status code returned while running ReduceMean node. Name:'' Status Message: CUDA error cudaErrorIllegalAddress:an illegal memory access was encountered"
      })
  void anErrorThatStays(String text) {
    Diagnosis diagnosis = diagnosis(text, WITH_GPU);
    assertThat(diagnosis.sentence())
        .startsWith("the GPU failed (cudaErrorIllegalAddress), and nothing runs on it any more");
    assertThat(diagnosis.code()).isEqualTo(ErrorCode.INTERNAL);
    assertThat(diagnosis.sticky()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "'provider_options_utils.h:182 Parse Unknown provider option: \"foo\".', has no option 'foo'",
    "'provider_options_utils.h:187 Parse Failed to parse provider option \"use_tf32\": parse_string.h:116 Failed to parse value: \"1\"', does not take this value of 'use_tf32'"
  })
  void aWrongOption(String text, String expected) {
    assertThat(sentence(text, WITH_GPU))
        .isEqualTo("cuda-options: ONNX Runtime's CUDA provider " + expected);
  }

  @Test
  void onnxRuntimesOwnPartForTensorRtIsMissing() {
    assertThat(
            sentence(
                "Error code - ORT_EP_FAIL - message: Failed to find TensorRT shared provider",
                WITH_GPU))
        .startsWith(
            "ONNX Runtime's TensorRT provider, libonnxruntime_providers_tensorrt.so, is not beside"
                + " libonnxruntime.so")
        .contains("ask for cuda");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "OrtSessionOptionsAppendExecutionProvider_TensorRT: Failed to load shared library",
        "Failed to load library /skiff/native/libonnxruntime_providers_tensorrt.so with error:"
            + " libnvinfer.so.10: cannot open shared object file: No such file or directory"
      })
  void tensorRtIsMissing(String text) {
    assertThat(sentence(text, WITH_GPU))
        .startsWith(
            "TensorRT could not be loaded (libnvinfer.so.10 is missing): install TensorRT 10");
  }

  @Test
  void aModelsOwnErrorIsNone() {
    assertThat(
            Diagnosis.of(
                "Non-zero status code returned while running Gather node. Name:'' Status Message:"
                    + " indices element out of data bounds, idx=99",
                WITH_GPU,
                FakeDevice.BLACKWELL))
        .isEmpty();
  }

  private static Diagnosis diagnosis(String text, Machine machine) {
    return Diagnosis.of(text, machine, FakeDevice.BLACKWELL).orElseThrow();
  }

  private static String sentence(String text, Machine machine) {
    String sentence = diagnosis(text, machine).sentence();
    assertThat(sentence)
        .hasLineCount(1)
        .doesNotContain("onnxruntime_src", ".cc", "\"")
        .doesNotEndWith(".");
    return sentence;
  }

  private static String notFound(String library) {
    return LOADING + library + ": cannot open shared object file: No such file or directory\n";
  }

  private static String counting(int code, String name) {
    return "Error code - ORT_FAIL - message: /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider_info.cc:62"
        + " static onnxruntime::CUDAExecutionProviderInfo onnxruntime::CUDAExecutionProviderInfo::FromProviderOptions(const"
        + " onnxruntime::ProviderOptions&) [ONNXRuntimeError] : 1 : FAIL : provider_options_utils.h:187 Parse Failed to"
        + " parse provider option \"device_id\": CUDA failure "
        + code
        + ": "
        + name
        + " ; GPU=0 ; hostname=vm ;"
        + " file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider_info.cc ; line=69 ;"
        + " expr=cudaGetDeviceCount(&num_devices); ";
  }

  private static String noDriver(boolean linked) {
    return linked
        ? notFound("libcuda.so.1")
        : counting(35, "CUDA driver version is insufficient for CUDA runtime version");
  }

  private static Machine machine(
      boolean deviceFiles, String driver, String visible, String... libraries) {
    return new Machine(
        deviceFiles,
        Optional.of(driver).filter(version -> !version.isEmpty()),
        Optional.of(visible),
        new TreeSet<>(List.of(libraries)));
  }
}
