package dev.skiff.server.runtime;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.Tensor;

/** ONNX Runtime's own tensor over the memory of one of ours, kept with it from run to run. */
record TensorHandle(OnnxTensor tensor) implements Tensor.Handle {
  /** One for a tensor of any datatype but BYTES, which goes by {@link StringTensors}. */
  static TensorHandle of(Tensor tensor, OrtEnvironment environment) throws OrtException {
    OnnxJavaType type = OnnxTypes.bufferType(tensor.datatype()).orElseThrow();
    return new TensorHandle(
        OnnxTensor.createTensor(environment, tensor.data(), tensor.shape().toArray(), type));
  }

  @Override
  public void release() {
    tensor.close();
  }
}
