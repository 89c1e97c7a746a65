package dev.skiff.server.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The versions of NVIDIA's libraries, asked from those that have a function for it which needs no
 * GPU. In an image the names of their files have but the major.
 */
final class LibraryVersion {
  private LibraryVersion() {}

  /**
   * Loads a library for good, and asks it; nothing if it does not load, or is none that can be
   * asked.
   *
   * @param file its name for the loader, such as libcudart.so.12
   */
  static Optional<String> of(String file) {
    try {
      return of(file, SymbolLookup.libraryLookup(file, Arena.global()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  static Optional<String> of(String file, SymbolLookup library) {
    try {
      return switch (file.substring(0, file.indexOf(".so"))) {
        case "libcudart" -> Optional.of(ofRuntime(library));
        case "libcublasLt" -> Optional.of(version(library, "cublasLtGetVersion"));
        case "libcudnn" -> Optional.of(version(library, "cudnnGetVersion"));
        default -> Optional.empty();
      };
    } catch (Throwable e) {
      return Optional.empty();
    }
  }

  /** 12090 is 12.9. */
  private static String ofRuntime(SymbolLookup library) throws Throwable {
    MethodHandle function =
        function(
            library,
            "cudaRuntimeGetVersion",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment number = arena.allocate(ValueLayout.JAVA_INT);
      int status = (int) function.invokeExact(number);
      if (status != 0) {
        throw new IllegalStateException("CUDA's runtime answered " + status);
      }
      int version = number.get(ValueLayout.JAVA_INT, 0);
      return version / 1000 + "." + version % 1000 / 10;
    }
  }

  /** 120405 is 12.4.5, and 91901 is 9.19.1. */
  private static String version(SymbolLookup library, String name) throws Throwable {
    MethodHandle function =
        function(library, name, FunctionDescriptor.of(ValueLayout.JAVA_LONG)); // a size_t
    long version = (long) function.invokeExact();
    return "%d.%d.%d".formatted(version / 10_000, version / 100 % 100, version % 100);
  }

  private static MethodHandle function(
      SymbolLookup library, String name, FunctionDescriptor signature) {
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), signature);
  }
}
