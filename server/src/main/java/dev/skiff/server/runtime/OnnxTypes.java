package dev.skiff.server.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.TensorInfo;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.TensorSpec;
import java.util.Optional;

/** ONNX element types in our words, and back. */
final class OnnxTypes {
  private OnnxTypes() {}

  /** Our datatype for an ONNX element type; none for complex, 8-bit and 4-bit floats. */
  static Optional<Datatype> datatype(TensorInfo.OnnxTensorType type) {
    return Optional.ofNullable(
        switch (type) {
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL -> Datatype.BOOL;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 -> Datatype.UINT8;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16 -> Datatype.UINT16;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32 -> Datatype.UINT32;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64 -> Datatype.UINT64;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 -> Datatype.INT8;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 -> Datatype.INT16;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 -> Datatype.INT32;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 -> Datatype.INT64;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 -> Datatype.FP16;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 -> Datatype.BF16;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT -> Datatype.FP32;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE -> Datatype.FP64;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING -> Datatype.BYTES;
          case ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED,
              ONNX_TENSOR_ELEMENT_DATA_TYPE_COMPLEX64,
              ONNX_TENSOR_ELEMENT_DATA_TYPE_COMPLEX128,
              ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FN,
              ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FNUZ,
              ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2,
              ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2FNUZ ->
              null;
        });
  }

  /**
   * The binding's type for tensors over a buffer of ours; none where it cannot make them: strings
   * have no buffer, and it has no 16, 32 and 64-bit unsigned integers.
   */
  static Optional<OnnxJavaType> bufferType(Datatype datatype) {
    return Optional.ofNullable(
        switch (datatype) {
          case BOOL -> OnnxJavaType.BOOL;
          case UINT8 -> OnnxJavaType.UINT8;
          case INT8 -> OnnxJavaType.INT8;
          case INT16 -> OnnxJavaType.INT16;
          case INT32 -> OnnxJavaType.INT32;
          case INT64 -> OnnxJavaType.INT64;
          case FP16 -> OnnxJavaType.FLOAT16;
          case BF16 -> OnnxJavaType.BFLOAT16;
          case FP32 -> OnnxJavaType.FLOAT;
          case FP64 -> OnnxJavaType.DOUBLE;
          case UINT16, UINT32, UINT64, BYTES -> null;
        });
  }

  /** The specification of an input. */
  static TensorSpec input(NodeInfo node) throws ModelLoadException {
    if (!(node.getInfo() instanceof TensorInfo info)) {
      throw new ModelLoadException(
          "input '" + node.getName() + "' is no tensor; only tensor inputs can be served");
    }
    TensorSpec spec = tensor("input", node.getName(), info);
    if (spec.datatype() != Datatype.BYTES && bufferType(spec.datatype()).isEmpty()) {
      throw new ModelLoadException(
          "input '%s' is %s, which ONNX Runtime's Java API cannot pass; cast it from INT64 inside the model"
              .formatted(node.getName(), spec.datatype()));
    }
    return spec;
  }

  /**
   * The specification of an output. A sequence or a map is specified as BYTES: one JSON text per
   * element, which is how the V2 protocol carries it.
   */
  static TensorSpec output(NodeInfo node) throws ModelLoadException {
    return node.getInfo() instanceof TensorInfo info
        ? tensor("output", node.getName(), info)
        : new TensorSpec(node.getName(), Datatype.BYTES, Shape.of(Shape.DYNAMIC));
  }

  private static TensorSpec tensor(String kind, String name, TensorInfo info)
      throws ModelLoadException {
    Datatype datatype =
        datatype(info.onnxType)
            .orElseThrow(
                () ->
                    new ModelLoadException(
                        "%s '%s' has element type %s, which the protocol does not know"
                            .formatted(kind, name, info.onnxType)));
    return new TensorSpec(name, datatype, Shape.of(info.getShape()));
  }
}
