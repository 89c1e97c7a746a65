package dev.skiff.server.runtime;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxMap;
import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Reads maps of ONNX Runtime's whose keys are texts, for the reason that {@link StringTensors}
 * gives. Thread-safe.
 */
final class StringMaps {
  private static final int GET_ALLOCATOR_WITH_DEFAULT_OPTIONS = 78;
  private static final int GET_VALUE = 80;
  private static final int RELEASE_VALUE = 96;

  private static final MethodHandle DEFAULT_ALLOCATOR =
      CApi.statusFunction(GET_ALLOCATOR_WITH_DEFAULT_OPTIONS, CApi.POINTER);
  private static final MethodHandle PART =
      CApi.statusFunction(GET_VALUE, CApi.POINTER, CApi.INT, CApi.POINTER, CApi.POINTER);
  private static final MethodHandle RELEASE =
      CApi.function(RELEASE_VALUE, FunctionDescriptor.ofVoid(CApi.POINTER));

  private static final VarHandle NATIVE_HANDLE;
  private static final MethodHandle VALUES;

  static {
    try {
      MethodHandles.Lookup inMap =
          MethodHandles.privateLookupIn(OnnxMap.class, MethodHandles.lookup());
      NATIVE_HANDLE = inMap.findVarHandle(OnnxMap.class, "nativeHandle", long.class);
      VALUES =
          inMap.findVirtual(OnnxMap.class, "getMapValues", MethodType.methodType(Object[].class));
    } catch (ReflectiveOperationException e) {
      throw CApi.moved(e);
    }
  }

  private StringMaps() {}

  /** The map's entries in ONNX Runtime's order: that of the keys' bytes. */
  static SequencedMap<String, Object> read(OnnxMap map) throws OrtException {
    try {
      List<String> keys = texts(map, 0);
      List<?> values =
          map.getInfo().valueType == OnnxJavaType.STRING
              ? texts(map, 1)
              : List.of((Object[]) VALUES.invokeExact(map));
      SequencedMap<String, Object> entries = LinkedHashMap.newLinkedHashMap(keys.size());
      for (int i = 0; i < keys.size(); i++) {
        entries.put(keys.get(i), values.get(i));
      }
      return entries;
    } catch (Throwable e) {
      throw CApi.rethrown(e);
    }
  }

  /** The keys of a map, part 0, or its values, part 1. */
  private static List<String> texts(OnnxMap map, int index) throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(CApi.POINTER);
      CApi.check((long) DEFAULT_ALLOCATOR.invokeExact(out.address()));
      long allocator = out.get(CApi.POINTER, 0);
      long whole = (long) NATIVE_HANDLE.get(map);
      CApi.check((long) PART.invokeExact(whole, index, allocator, out.address()));
      long texts = out.get(CApi.POINTER, 0);
      try {
        return StringTensors.read(texts, Shape.of(map.size())).strings();
      } finally {
        RELEASE.invokeExact(texts);
      }
    }
  }
}
