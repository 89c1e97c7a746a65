package dev.skiff.server.runtime;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxMap;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Strings to and from ONNX Runtime, byte for byte.
 *
 * <p>The Java binding passes strings through JNI's modified UTF-8, which breaks every character
 * outside the basic plane and NUL, in both directions and in silence. So the elements of string
 * tensors, and the texts in maps, go through the C API, which takes and gives plain UTF-8: the
 * binding makes and owns the tensor, and the functions below fill and read it. They stand at fixed
 * places in the {@code OrtApi} table ({@code onnxruntime_c_api.h}: entries are only ever added at
 * its end).
 *
 * <p>Made on first use: a server without string models pays nothing for it. Thread-safe.
 */
final class StringTensors {
  private static final int GET_ERROR_MESSAGE = 2;
  private static final int GET_STRING_TENSOR_DATA_LENGTH = 53;
  private static final int GET_STRING_TENSOR_CONTENT = 54;
  private static final int GET_ALLOCATOR_WITH_DEFAULT_OPTIONS = 78;
  private static final int GET_VALUE = 80;
  private static final int RELEASE_STATUS = 93;
  private static final int RELEASE_VALUE = 96;
  private static final int GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER = 252;

  private static final AddressLayout POINTER = ValueLayout.ADDRESS;
  private static final ValueLayout.OfLong SIZE = ValueLayout.JAVA_LONG;

  private final MemorySegment table;
  private final VarHandle nativeHandle;
  private final VarHandle nativeMapHandle;
  private final MethodHandle mapValues;
  private final MethodHandle errorMessage;
  private final MethodHandle releaseStatus;
  private final MethodHandle dataLength;
  private final MethodHandle content;
  private final MethodHandle resizedElement;
  private final MethodHandle defaultAllocator;
  private final MethodHandle part;
  private final MethodHandle releaseValue;

  private static final class Holder {
    private static final StringTensors INSTANCE = new StringTensors();
  }

  /** The one instance; making it looks the C functions up. */
  static StringTensors instance() {
    return Holder.INSTANCE;
  }

  private StringTensors() {
    try {
      Class<?> tensorType = Class.forName("ai.onnxruntime.OnnxTensorLike");
      Class<?> runtimeType = Class.forName("ai.onnxruntime.OnnxRuntime");
      MethodHandles.Lookup here = MethodHandles.lookup();
      nativeHandle =
          MethodHandles.privateLookupIn(tensorType, here)
              .findVarHandle(tensorType, "nativeHandle", long.class);
      MethodHandles.Lookup inMap = MethodHandles.privateLookupIn(OnnxMap.class, here);
      nativeMapHandle = inMap.findVarHandle(OnnxMap.class, "nativeHandle", long.class);
      mapValues =
          inMap.findVirtual(OnnxMap.class, "getMapValues", MethodType.methodType(Object[].class));
      long address =
          (long)
              MethodHandles.privateLookupIn(runtimeType, here)
                  .findStaticVarHandle(runtimeType, "ortApiHandle", long.class)
                  .get();
      long entries = GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER + 1L;
      table = MemorySegment.ofAddress(address).reinterpret(entries * POINTER.byteSize());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this ONNX Runtime binding keeps its handles elsewhere", e);
    }
    errorMessage = function(GET_ERROR_MESSAGE, FunctionDescriptor.of(POINTER, POINTER));
    releaseStatus = function(RELEASE_STATUS, FunctionDescriptor.ofVoid(POINTER));
    dataLength = statusFunction(GET_STRING_TENSOR_DATA_LENGTH, POINTER, POINTER);
    content = statusFunction(GET_STRING_TENSOR_CONTENT, POINTER, POINTER, SIZE, POINTER, SIZE);
    resizedElement =
        statusFunction(GET_RESIZED_STRING_TENSOR_ELEMENT_BUFFER, POINTER, SIZE, SIZE, POINTER);
    defaultAllocator = statusFunction(GET_ALLOCATOR_WITH_DEFAULT_OPTIONS, POINTER);
    part = statusFunction(GET_VALUE, POINTER, ValueLayout.JAVA_INT, POINTER, POINTER);
    releaseValue = function(RELEASE_VALUE, FunctionDescriptor.ofVoid(POINTER));
  }

  /**
   * A string tensor of ONNX Runtime's with the elements of a BYTES tensor. The caller closes it.
   */
  OnnxTensor create(OrtEnvironment environment, Tensor source) throws OrtException {
    String[] empty = new String[Math.toIntExact(source.shape().elements())];
    Arrays.fill(empty, "");
    OnnxTensor tensor = OnnxTensor.createTensor(environment, empty, source.shape().toArray());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = handle(tensor);
      MemorySegment out = arena.allocate(POINTER);
      MemorySegment data = MemorySegment.ofBuffer(source.data());
      long at = 0;
      for (int i = 0; i < empty.length; i++) {
        int length = source.data().getInt((int) at);
        at += Integer.BYTES;
        check((MemorySegment) resizedElement.invokeExact(value, (long) i, (long) length, out));
        out.get(POINTER, 0).reinterpret(length).copyFrom(data.asSlice(at, length));
        at += length;
      }
      return tensor;
    } catch (Throwable e) {
      tensor.close();
      throw rethrown(e);
    }
  }

  /** A BYTES tensor with the elements of a string tensor of ONNX Runtime's. */
  Tensor read(OnnxTensor tensor) throws OrtException {
    try {
      return read(handle(tensor), Shape.of(tensor.getInfo().getShape()));
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  /** A map whose keys are texts, in ONNX Runtime's order: that of the keys' bytes. */
  SequencedMap<String, Object> read(OnnxMap map) throws OrtException {
    try {
      List<String> keys = texts(map, 0);
      List<?> values =
          map.getInfo().valueType == OnnxJavaType.STRING
              ? texts(map, 1)
              : List.of((Object[]) mapValues.invokeExact(map));
      SequencedMap<String, Object> entries = LinkedHashMap.newLinkedHashMap(keys.size());
      for (int i = 0; i < keys.size(); i++) {
        entries.put(keys.get(i), values.get(i));
      }
      return entries;
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  /** The keys of a map, part 0, or its values, part 1. */
  private List<String> texts(OnnxMap map, int index) throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment whole = MemorySegment.ofAddress((long) nativeMapHandle.get(map));
      MemorySegment out = arena.allocate(POINTER);
      check((MemorySegment) defaultAllocator.invokeExact(out));
      MemorySegment allocator = out.get(POINTER, 0);
      check((MemorySegment) part.invokeExact(whole, index, allocator, out));
      MemorySegment texts = out.get(POINTER, 0);
      try {
        return read(texts, Shape.of(map.size())).strings();
      } finally {
        releaseValue.invokeExact(texts);
      }
    }
  }

  private Tensor read(MemorySegment value, Shape shape) throws Throwable {
    int elements = Math.toIntExact(shape.elements());
    if (elements == 0) {
      return Tensor.ofBytes(shape, ByteBuffer.allocate(0));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment length = arena.allocate(SIZE);
      check((MemorySegment) dataLength.invokeExact(value, length));
      long bytes = length.get(SIZE, 0);
      MemorySegment text = arena.allocate(Math.max(bytes, 1));
      MemorySegment offsets = arena.allocate(MemoryLayout.sequenceLayout(elements, SIZE));
      check((MemorySegment) content.invokeExact(value, text, bytes, offsets, (long) elements));
      return framed(shape, text, bytes, offsets);
    }
  }

  private static Tensor framed(Shape shape, MemorySegment text, long bytes, MemorySegment offsets) {
    int elements = (int) (offsets.byteSize() / SIZE.byteSize());
    ByteBuffer data =
        ByteBuffer.allocate(Math.toIntExact(bytes + (long) elements * Integer.BYTES))
            .order(ByteOrder.nativeOrder());
    for (int i = 0; i < elements; i++) {
      long start = offsets.getAtIndex(SIZE, i);
      long end = i + 1 < elements ? offsets.getAtIndex(SIZE, i + 1L) : bytes;
      data.putInt((int) (end - start)).put(text.asSlice(start, end - start).asByteBuffer());
    }
    return Tensor.ofBytes(shape, data.flip());
  }

  private MemorySegment handle(OnnxTensor tensor) {
    return MemorySegment.ofAddress((long) nativeHandle.get(tensor));
  }

  private MethodHandle statusFunction(int index, MemoryLayout... arguments) {
    return function(index, FunctionDescriptor.of(POINTER, arguments));
  }

  private MethodHandle function(int index, FunctionDescriptor signature) {
    return Linker.nativeLinker().downcallHandle(table.getAtIndex(POINTER, index), signature);
  }

  /** Throws the error of a status that is not null, and frees it. */
  private void check(MemorySegment status) throws Throwable {
    if (status.address() != 0) {
      MemorySegment message = (MemorySegment) errorMessage.invokeExact(status);
      String text = message.reinterpret(Long.MAX_VALUE).getString(0);
      releaseStatus.invokeExact(status);
      throw new OrtException(text);
    }
  }

  private static OrtException rethrown(Throwable e) {
    return switch (e) {
      case OrtException ort -> ort;
      case RuntimeException runtime -> throw runtime;
      case Error error -> throw error;
      default -> throw new IllegalStateException(e);
    };
  }
}
