package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.runtime.Diagnosis.Reach;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The errors are what ONNX Runtime 1.29 says, got from its CUDA provider with cuDNN left out, and
 * with stand-ins for cuDNN and cuBLAS whose functions answer with these codes.
 */
class OperatorFaultsTest {
  private static final String RUNNING_CONV =
      "Error code - ORT_EP_FAIL - message: Non-zero status code returned while running Conv node."
          + " Name:'' Status Message: ";

  /** What the convolution's plan fails with, before it and after. */
  private static final String PLAN =
      RUNNING_CONV
          + "Failed to initialize CUDNN Frontend:"
          + " /onnxruntime_src/onnxruntime/core/providers/cuda/cudnn_fe_call.cc:117 std::conditional_t<THRW,"
          + " void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*,"
          + " SUCCTYPE, const char*, const char*, int) [with ERRTYPE = cudnn_frontend::error_object; bool"
          + " THRW = true; SUCCTYPE = cudnn_frontend::error_code_t; std::conditional_t<THRW, void,"
          + " common::Status> = void] %s ; GPU=0 ; hostname=vm ;"
          + " file=/onnxruntime_src/onnxruntime/core/providers/cuda/nn/conv.cc ; line=238 ;"
          + " expr=s_.cudnn_fe_graph->create_execution_plans({heur_mode}); \n\n with the cudnn frontend"
          + " json:\n{\"context\":{\"compute_data_type\":\"FLOAT\"},\"nodes\":[{\"tag\":\"CONV_FPROP\"}]}";

  @ParameterizedTest
  @CsvSource({
    "libcuda.so.1, libcudnn.so.9 is missing",
    "libcudnn.so.8, 'only libcudnn.so.8 is here, where libcudnn.so.9 is needed'"
  })
  void convolutionsWithoutCudnn(String library, String expected) {
    assertThat(
            sentence(
                "Non-zero status code returned while running Conv node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cuda/cuda_kernel.h:272"
                    + " static cudnnContext* onnxruntime::cuda::CudaKernel::RequireCudnnHandle(cudnnHandle_t) [ONNXRuntimeError] : 9 :"
                    + " NOT_IMPLEMENTED : cuDNN is unavailable or disabled for CUDA Execution Provider: dlopen failed for libcudnn.so:"
                    + " libcudnn.so: cannot open shared object file: No such file or directory",
                library))
        .startsWith(
            "the model has operators that need cuDNN 9, such as convolutions, and " + expected);
  }

  /** It has words of its own for this. */
  @Test
  void reductionsWithoutCudnn() {
    assertThat(
            sentence(
                "Non-zero status code returned while running ReduceL2 node. Name:'' Status Message: cuDNN is unavailable for CUDA Execution Provider: dlopen failed for libcudnn.so: libcudnn.so: cannot open shared object file: No such file or directory"))
        .contains("need cuDNN 9", "libcudnn.so.9 is missing");
  }

  @Test
  void fourierTransformsWithoutCufft() {
    assertThat(
            sentence(
                "cuFFT is unavailable for CUDA Execution Provider: dlopen failed for libcufft.so"))
        .startsWith(
            "the model has Fourier transforms, which need cuFFT, and libcufft.so.11 is missing");
  }

  /** As a session is made, for a kernel makes its descriptors then. */
  @Test
  void thePartOfCudnnForRecurrentNetworksIsMissing() {
    assertThat(
            sentence(
                "Error code - ORT_FAIL - message: Exception during initialization: /onnxruntime_src/onnxruntime/core/providers/cuda/rnn/lstm.h:31 onnxruntime::cuda::LSTM<T>::LSTM(const onnxruntime::OpKernelInfo&) [with T = float] [ONNXRuntimeError] : 1 : FAIL : CUDNN failure 3009: CUDNN_STATUS_NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE ; GPU=0 ; hostname=vm ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/rnn/cudnn_rnn_base.h ; line=43 ; expr=cudnnCreateRNNDescriptor(&cudnn_rnn_desc_); "))
        .isEqualTo(
            "the model has LSTM nodes that need a part of cuDNN which is not here: install all of"
                + " cuDNN 9's libraries in one version, or give this model the provider cpu");
  }

  /** Made up in this form, with cuDNN 9's number for what it could not load. */
  @Test
  void aPartOfCudnnCannotBeLoaded() {
    String failure =
        "CUDNN failure 1008: CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED ; GPU=0 ; hostname=vm";
    assertThat(sentence("Non-zero status code returned while running MaxPool node. " + failure))
        .startsWith("the model has MaxPool nodes that need a part of cuDNN which is not here");
    assertThat(sentence(failure)).startsWith("the model has operators, such as LSTM, GRU and RNN,");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDNN_FE failure 8: HEURISTIC_QUERY_FAILED",
        "CUDNN_FE failure 11: CUDNN_BACKEND_API_FAILED"
      })
  void aConvolutionThatCudnnHasNoPlanFor(String failure) {
    String text = PLAN.formatted(failure);
    assertThat(sentence(text, "libcudnn.so.9"))
        .isEqualTo(
            "cuDNN finds no way to compute a convolution of the model on the GPU, which is sm_120 ("
                + failure
                + "): use the image with CONVOLUTIONS=full, whose cuDNN has precompiled kernels, or"
                + " give this model the provider cpu");
    assertThat(sentence(text, "libcudnn.so.9", "libcudnn_engines_precompiled.so.9"))
        .endsWith("(" + failure + "): give this model the provider cpu");
  }

  /** The first is what a stand-in leads to; the other stands in the provider, and was not seen. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Failed to initialize CUDNN Frontend: vector::_M_default_append with the cudnn frontend json:\n{}",
        "OP not supported by CUDNN Frontend: something with the cudnn frontend json:\n{}"
      })
  void aPlanThatFailsInOtherWords(String status) {
    assertThat(sentence(RUNNING_CONV + status))
        .startsWith(
            "cuDNN finds no way to compute a convolution of the model on the GPU, which is sm_120: ");
  }

  /** The GPU may be to blame then, and other models too. */
  @Test
  void aPlanThatDoesNotRunIsAFaultOfTheGpu() {
    Diagnosis diagnosis =
        diagnosis(
            RUNNING_CONV
                + "CUDNN_FE failure 11: CUDNN_BACKEND_API_FAILED ; GPU=0 ; hostname=vm ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/nn/conv.cc ; line=483 ; expr=s_.cudnn_fe_graph->execute(cudnn_handle, s_.variant_pack, ws.get()); ");
    assertThat(diagnosis.sentence()).startsWith("the GPU failed (CUDNN_FE failure 11)");
    assertThat(diagnosis.reach()).isEqualTo(Reach.GPU);
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 15})
  void cublasHasNothingForTheGpu(int code) {
    assertThat(
            sentence(
                "Error code - ORT_FAIL - message: Non-zero status code returned while running MatMul node. Name:'' Status Message: CUBLAS failure "
                    + code
                    + ": CUBLAS_STATUS ; GPU=0 ; hostname=vm ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/math/matmul.cc ; line=325 ; expr=cublasGemmHelper( GetCublasHandle(ctx), transB"))
        .isEqualTo(
            "cuBLAS cannot compute an operator of the model on the GPU, which is sm_120 (CUBLAS"
                + " failure "
                + code
                + "): use an image with a newer cuBLAS, 12.8 or later for Blackwell, or give this"
                + " model the provider cpu");
  }

  @Test
  void cudnnHasNothingForTheGpu() {
    assertThat(
            sentence(
                "CUDNN failure 3007: CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH ; GPU=0 ; hostname=vm"))
        .startsWith(
            "cuDNN cannot compute an operator of the model on the GPU, which is sm_120 (CUDNN"
                + " failure 3007): use the image with CONVOLUTIONS=full");
  }

  private static Diagnosis diagnosis(String text, String... libraries) {
    Machine machine =
        new Machine(
            true, Optional.of("550.54.14"), Optional.of("all"), new TreeSet<>(Set.of(libraries)));
    return Diagnosis.of(text, machine, FakeDevice.BLACKWELL).orElseThrow();
  }

  private static String sentence(String text, String... libraries) {
    Diagnosis diagnosis = diagnosis(text, libraries);
    assertThat(diagnosis.reach()).isEqualTo(Reach.MODEL);
    assertThat(diagnosis.code()).isEqualTo(ErrorCode.INTERNAL);
    assertThat(diagnosis.sentence())
        .hasLineCount(1)
        .doesNotContain("onnxruntime_src", ".cc", "\"")
        .doesNotEndWith(".");
    return diagnosis.sentence();
  }
}
