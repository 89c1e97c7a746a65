package dev.skiff.server.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What CUDA's runtime knows of its devices. It is the library that the provider has loaded, by the
 * same name, and counts devices as the provider does, which NVML does not.
 */
final class CudaRuntime {
  private static final Logger log = LoggerFactory.getLogger(CudaRuntime.class);

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  /** {@code cudaDevAttrComputeCapabilityMajor} and {@code Minor}. */
  private static final int MAJOR = 75;

  private static final int MINOR = 76;

  private CudaRuntime() {}

  /** The bytes of a device's memory; nothing if it does not say. */
  static OptionalLong memory(int device) {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup runtime = library(arena);
      MethodHandle setDevice = function(runtime, "cudaSetDevice", INT);
      MethodHandle memory =
          function(runtime, "cudaMemGetInfo", ValueLayout.ADDRESS, ValueLayout.ADDRESS);
      MemorySegment left = arena.allocate(LONG);
      MemorySegment all = arena.allocate(LONG);
      check((int) setDevice.invokeExact(device));
      check((int) memory.invokeExact(left, all));
      return OptionalLong.of(all.get(LONG, 0));
    } catch (Throwable e) {
      log.debug("the GPU's memory is not known", e);
      return OptionalLong.empty();
    }
  }

  /** A device's compute capability, 90 for 9.0; nothing if it does not say. */
  static OptionalInt capability(int device) {
    try (Arena arena = Arena.ofConfined()) {
      return capability(library(arena), device);
    } catch (IllegalArgumentException e) {
      return OptionalInt.empty();
    }
  }

  static OptionalInt capability(SymbolLookup runtime, int device) {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle attribute =
          function(runtime, "cudaDeviceGetAttribute", ValueLayout.ADDRESS, INT, INT);
      MemorySegment major = arena.allocate(INT);
      MemorySegment minor = arena.allocate(INT);
      check((int) attribute.invokeExact(major, MAJOR, device));
      check((int) attribute.invokeExact(minor, MINOR, device));
      return OptionalInt.of(10 * major.get(INT, 0) + minor.get(INT, 0));
    } catch (Throwable e) {
      log.debug("the GPU's architecture is not known", e);
      return OptionalInt.empty();
    }
  }

  private static SymbolLookup library(Arena arena) {
    return SymbolLookup.libraryLookup("libcudart.so.12", arena);
  }

  private static MethodHandle function(
      SymbolLookup library, String name, ValueLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(INT, arguments));
  }

  private static void check(int status) {
    if (status != 0) {
      throw new IllegalStateException("CUDA's runtime answered " + status);
    }
  }
}
