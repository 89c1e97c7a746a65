package dev.skiff.server.runtime;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxMap;
import ai.onnxruntime.OnnxSequence;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Copies what ONNX Runtime allocated for an answer into values of ours. */
final class OnnxValues {
  /** A tensor's own memory. What is public in the binding copies it onto the heap. */
  private static final MethodHandle MEMORY;

  static {
    try {
      MEMORY =
          MethodHandles.privateLookupIn(OnnxTensor.class, MethodHandles.lookup())
              .findVirtual(OnnxTensor.class, "getBuffer", MethodType.methodType(ByteBuffer.class));
    } catch (ReflectiveOperationException e) {
      throw CApi.moved(e);
    }
  }

  private OnnxValues() {}

  /** A copy of the value; the caller keeps the original and closes it. */
  static Value copy(OnnxValue value, TensorPool pool) throws OrtException {
    return switch (value) {
      case OnnxTensor tensor -> copy(tensor, pool);
      case OnnxSequence sequence -> copy(sequence, pool);
      case OnnxMap map -> copy(map);
      default ->
          throw new InferenceException(
              ErrorCode.UNSUPPORTED, "outputs of type " + value.getType() + " are not supported");
    };
  }

  private static Tensor copy(OnnxTensor tensor, TensorPool pool) throws OrtException {
    Datatype datatype = OnnxTypes.datatype(tensor.getInfo().onnxType).orElseThrow();
    if (datatype == Datatype.BYTES) {
      return StringTensors.read(tensor);
    }
    Tensor copy = pool.acquire(datatype, Shape.of(tensor.getInfo().getShape()));
    if (copy.data().hasRemaining()) {
      copy.data().put(0, memory(tensor), 0, copy.data().limit());
    }
    return copy;
  }

  private static ByteBuffer memory(OnnxTensor tensor) throws OrtException {
    try {
      return (ByteBuffer) MEMORY.invokeExact(tensor);
    } catch (Throwable e) {
      throw CApi.rethrown(e);
    }
  }

  private static Value copy(OnnxSequence sequence, TensorPool pool) throws OrtException {
    if (sequence.getInfo().length == 0) {
      // The binding does not know what an empty sequence is one of, and refuses to read it.
      return new Value.Sequence(List.of());
    }
    List<? extends OnnxValue> elements = sequence.getValue();
    List<Value> copies = new ArrayList<>(elements.size());
    try {
      for (OnnxValue element : elements) {
        copies.add(copy(element, pool));
      }
      return new Value.Sequence(copies);
    } catch (OrtException | RuntimeException e) {
      copies.forEach(Value::close);
      throw e;
    } finally {
      elements.forEach(OnnxValue::close);
    }
  }

  private static Value copy(OnnxMap map) throws OrtException {
    if (map.getInfo().keyType == OnnxJavaType.STRING) {
      return new Value.Dictionary(StringMaps.read(map));
    }
    // The binding loses the order of the keys; ONNX maps are sorted by key, and so is this.
    Map<String, Object> entries = new LinkedHashMap<>();
    new TreeMap<Object, Object>(map.getValue())
        .forEach((key, value) -> entries.put(key.toString(), value));
    return new Value.Dictionary(entries);
  }
}
