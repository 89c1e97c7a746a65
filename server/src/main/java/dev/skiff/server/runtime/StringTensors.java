package dev.skiff.server.runtime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Strings to and from ONNX Runtime, byte for byte.
 *
 * <p>The Java binding passes strings through JNI's modified UTF-8, which breaks every character
 * outside the basic plane and NUL, in both directions and in silence. So the elements of string
 * tensors go through the C API, which takes and gives plain UTF-8: the binding makes and owns the
 * tensor, and the functions below fill and read it. Thread-safe.
 */
final class StringTensors {
  private static final int GET_STRING_TENSOR_DATA_LENGTH = 53;
  private static final int GET_STRING_TENSOR_CONTENT = 54;
  private static final int GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER = 252;

  private static final VarHandle NATIVE_HANDLE = nativeHandle();

  private StringTensors() {}

  private static VarHandle nativeHandle() {
    try {
      return MethodHandles.privateLookupIn(OnnxTensorLike.class, MethodHandles.lookup())
          .findVarHandle(OnnxTensorLike.class, "nativeHandle", long.class);
    } catch (ReflectiveOperationException e) {
      throw CApi.moved(e);
    }
  }

  /** What filling a tensor needs. */
  private static final class Filling {
    private static final MethodHandle RESIZED_ELEMENT =
        CApi.statusFunction(
            GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER,
            CApi.POINTER,
            CApi.SIZE,
            CApi.SIZE,
            CApi.POINTER);
  }

  /** What reading a tensor needs. */
  private static final class Reading {
    private static final MethodHandle DATA_LENGTH =
        CApi.statusFunction(GET_STRING_TENSOR_DATA_LENGTH, CApi.POINTER, CApi.POINTER);
    private static final MethodHandle CONTENT =
        CApi.statusFunction(
            GET_STRING_TENSOR_CONTENT,
            CApi.POINTER,
            CApi.POINTER,
            CApi.SIZE,
            CApi.POINTER,
            CApi.SIZE);
  }

  /**
   * A string tensor of ONNX Runtime's with the elements of a BYTES tensor. The caller closes it.
   */
  static OnnxTensor create(OrtEnvironment environment, Tensor source) throws OrtException {
    String[] empty = new String[Math.toIntExact(source.shape().elements())];
    Arrays.fill(empty, "");
    OnnxTensor tensor = OnnxTensor.createTensor(environment, empty, source.shape().toArray());
    try (Arena arena = Arena.ofConfined()) {
      long value = handle(tensor);
      MemorySegment out = arena.allocate(CApi.POINTER);
      MemorySegment data = MemorySegment.ofBuffer(source.data());
      long at = 0;
      for (int i = 0; i < empty.length; i++) {
        long length = source.data().getInt((int) at);
        at += Integer.BYTES;
        CApi.check(
            (long) Filling.RESIZED_ELEMENT.invokeExact(value, (long) i, length, out.address()));
        MemorySegment.ofAddress(out.get(CApi.POINTER, 0))
            .reinterpret(length)
            .copyFrom(data.asSlice(at, length));
        at += length;
      }
      return tensor;
    } catch (Throwable e) {
      tensor.close();
      throw CApi.rethrown(e);
    }
  }

  /** A BYTES tensor with the elements of a string tensor of ONNX Runtime's. */
  static Tensor read(OnnxTensor tensor) throws OrtException {
    try {
      return read(handle(tensor), Shape.of(tensor.getInfo().getShape()));
    } catch (Throwable e) {
      throw CApi.rethrown(e);
    }
  }

  /**
   * The same, of the tensor's address.
   *
   * @param value an {@code OrtValue*}
   */
  static Tensor read(long value, Shape shape) throws Throwable {
    int elements = Math.toIntExact(shape.elements());
    if (elements == 0) {
      return Tensor.ofBytes(shape, ByteBuffer.allocate(0));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment length = arena.allocate(CApi.SIZE);
      CApi.check((long) Reading.DATA_LENGTH.invokeExact(value, length.address()));
      long bytes = length.get(CApi.SIZE, 0);
      MemorySegment text = arena.allocate(Math.max(bytes, 1));
      MemorySegment offsets = arena.allocate(CApi.SIZE, elements);
      CApi.check(
          (long)
              Reading.CONTENT.invokeExact(
                  value, text.address(), bytes, offsets.address(), (long) elements));
      return framed(shape, text, bytes, offsets);
    }
  }

  private static Tensor framed(Shape shape, MemorySegment text, long bytes, MemorySegment offsets) {
    int elements = (int) (offsets.byteSize() / CApi.SIZE.byteSize());
    ByteBuffer data =
        ByteBuffer.allocate(Math.toIntExact(bytes + (long) elements * Integer.BYTES))
            .order(ByteOrder.nativeOrder());
    for (int i = 0; i < elements; i++) {
      long start = offsets.getAtIndex(CApi.SIZE, i);
      long end = i + 1 < elements ? offsets.getAtIndex(CApi.SIZE, i + 1L) : bytes;
      data.putInt((int) (end - start)).put(text.asSlice(start, end - start).asByteBuffer());
    }
    return Tensor.ofBytes(shape, data.flip());
  }

  /** The address of the {@code OrtValue} that the binding holds. */
  private static long handle(OnnxTensorLike tensor) {
    return (long) NATIVE_HANDLE.get(tensor);
  }
}
