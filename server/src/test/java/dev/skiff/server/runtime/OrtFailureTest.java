package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages of ONNX Runtime 1.29, as they came, and what is left of them. */
final class OrtFailureTest {
  private static final String PREFIX = "Error code - ORT_FAIL - message: ";

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      textBlock =
          """
          Load model from /srv/models/broken/model.onnx failed:Protobuf parsing failed. ~ Protobuf parsing failed.
          Load model from /srv/my models/broken/model.onnx failed:Protobuf parsing failed. ~ Protobuf parsing failed.
          Load model from /srv/m.onnx failed:Load model /srv/m.onnx failed. File doesn't exist ~ File doesn't exist
          Load model from /srv/m.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:177 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::IOnnxRuntimeOpSchemaRegistryList*, const onnxruntime::logging::Logger&, const onnxruntime::ModelOptions&) ModelProto does not have a graph. ~ ModelProto does not have a graph.
          External data path validation failed for initializer: weights. Error: External data path escapes model directory. External data path: "../weights.bin" resolved path: "/srv/weights.bin" allowed directory: "/srv/model" ~ External data path validation failed for initializer: weights. Error: External data path escapes model directory.
          Non-zero status code returned while running Sub node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:583 void onnxruntime::BroadcastIterator::Append(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 2 by 3 ~ Non-zero status code returned while running Sub node. Name:'' Status Message: axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 2 by 3
          Non-zero status code returned while running ConstantOfShape node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/framework/op_kernel.cc:83 virtual OrtValue* onnxruntime::OpKernelContext::OutputMLValue(int, const onnxruntime::TensorShape&) [ONNXRuntimeError] : 1 : FAIL : tensor.cc:57 CalculateTensorStorageSize Tensor shape.Size() must be >= 0 ~ Non-zero status code returned while running ConstantOfShape node.
          indices element out of data bounds, idx=99 must be within the inclusive range [-4,3] ~ indices element out of data bounds, idx=99 must be within the inclusive range [-4,3]
          """)
  void theReasonNamesNoFile(String message, String reason) {
    assertThat(OrtFailure.reason(new OrtException(PREFIX + message))).isEqualTo(reason);
  }

  @Test
  void linesBecomeOne() {
    assertThat(OrtFailure.reason(new OrtException(PREFIX + "first\n  second\n\n")))
        .isEqualTo("first second");
  }

  @Test
  void anErrorThatOnlyNamesAFileIsSaidToBeOne() {
    assertThat(OrtFailure.reason(new OrtException(PREFIX + "/srv/models/m.onnx is odd")))
        .isEqualTo("ONNX Runtime only said in which file it happened");
  }

  @Test
  void aFaultOfTheModelIsInternal() {
    assertThat(OrtFailure.ofRun(new OrtException(PREFIX + "odd")))
        .satisfies(
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL),
            e -> assertThat(e.reason()).isEqualTo("the model failed: odd"));
  }
}
