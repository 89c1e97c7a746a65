package dev.skiff.server.runtime;

import ai.onnxruntime.OrtException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/**
 * Functions of ONNX Runtime's C API, for what its Java binding gets wrong. They stand at fixed
 * places in the {@code OrtApi} table ({@code onnxruntime_c_api.h}: entries are only ever added at
 * its end).
 *
 * <p>Made on first use, each function by itself: linking one takes some milliseconds, and a server
 * without string models pays nothing. Pointers are plain numbers here, which the linker has the
 * least to generate for. Thread-safe.
 */
final class CApi {
  private static final int GET_ERROR_MESSAGE = 2;
  private static final int RELEASE_STATUS = 93;
  private static final int LAST_USED = 412;

  static final ValueLayout.OfLong POINTER = ValueLayout.JAVA_LONG;
  static final ValueLayout.OfLong SIZE = ValueLayout.JAVA_LONG;
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private static final MemorySegment TABLE = table();

  private CApi() {}

  private static MemorySegment table() {
    try {
      Class<?> binding = Class.forName("ai.onnxruntime.OnnxRuntime");
      long address =
          (long)
              MethodHandles.privateLookupIn(binding, MethodHandles.lookup())
                  .findStaticVarHandle(binding, "ortApiHandle", long.class)
                  .get();
      return MemorySegment.ofAddress(address).reinterpret((LAST_USED + 1L) * POINTER.byteSize());
    } catch (ReflectiveOperationException e) {
      throw moved(e);
    }
  }

  /** The error for a binding that is not the one that this was written for. */
  static IllegalStateException moved(ReflectiveOperationException e) {
    return new IllegalStateException("this ONNX Runtime binding keeps its handles elsewhere", e);
  }

  /** A function that answers with a status, for {@link #check}. */
  static MethodHandle statusFunction(int index, MemoryLayout... arguments) {
    return function(index, FunctionDescriptor.of(POINTER, arguments));
  }

  static MethodHandle function(int index, FunctionDescriptor signature) {
    MemorySegment address = MemorySegment.ofAddress(TABLE.getAtIndex(POINTER, index));
    return Linker.nativeLinker().downcallHandle(address, signature);
  }

  /** Throws the error of a status that is not null, and frees it. */
  static void check(long status) throws Throwable {
    if (status != 0) {
      throw Failure.of(status);
    }
  }

  /** What only a failure needs. */
  private static final class Failure {
    private static final MethodHandle MESSAGE =
        function(GET_ERROR_MESSAGE, FunctionDescriptor.of(POINTER, POINTER));
    private static final MethodHandle RELEASE =
        function(RELEASE_STATUS, FunctionDescriptor.ofVoid(POINTER));

    static OrtException of(long status) throws Throwable {
      long message = (long) MESSAGE.invokeExact(status);
      String text = MemorySegment.ofAddress(message).reinterpret(Long.MAX_VALUE).getString(0);
      RELEASE.invokeExact(status);
      return new OrtException(text);
    }
  }

  /** What a call threw, as the binding would throw it. */
  static OrtException rethrown(Throwable e) {
    return switch (e) {
      case OrtException ort -> ort;
      case RuntimeException runtime -> throw runtime;
      case Error error -> throw error;
      default -> throw new IllegalStateException(e);
    };
  }
}
