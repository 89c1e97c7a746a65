package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Functions of NVIDIA's libraries as native ones that are written here, for a machine with one GPU.
 */
class CudaRuntimeTest {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final int INVALID_DEVICE = 101;

  private final Arena arena = Arena.ofShared();
  private final Map<String, MemorySegment> functions = new HashMap<>();
  private final SymbolLookup library = name -> Optional.ofNullable(functions.get(name));

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void whatADeviceIs() throws ReflectiveOperationException {
    define(
        "cudaDeviceGetAttribute",
        "attribute",
        FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT, INT));
    assertThat(CudaRuntime.capability(library, 0)).hasValue(86);
    assertThat(CudaRuntime.capability(library, 1)).isEmpty();
  }

  @Test
  void aRuntimeThatCannotBeAsked() {
    assertThat(CudaRuntime.capability(library, 0)).isEmpty();
    assertThat(LibraryVersion.of("libcudart.so.12", library)).isEmpty();
    assertThat(LibraryVersion.of("libcudart.so.12")).isEmpty();
  }

  @Test
  void versions() throws ReflectiveOperationException {
    define("cudaRuntimeGetVersion", "runtime", FunctionDescriptor.of(INT, ValueLayout.ADDRESS));
    define("cublasLtGetVersion", "cublasLt", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    define("cudnnGetVersion", "cudnn", FunctionDescriptor.of(ValueLayout.JAVA_LONG));
    assertThat(LibraryVersion.of("libcudart.so.12", library)).contains("12.9");
    assertThat(LibraryVersion.of("libcublasLt.so.12", library)).contains("12.4.5");
    assertThat(LibraryVersion.of("libcudnn.so.9", library)).contains("9.19.1");
    assertThat(LibraryVersion.of("libcudnn_ops.so.9", library)).isEmpty();
  }

  private void define(String function, String method, FunctionDescriptor signature)
      throws ReflectiveOperationException {
    functions.put(
        function,
        Linker.nativeLinker()
            .upcallStub(
                MethodHandles.lookup()
                    .findStatic(CudaRuntimeTest.class, method, signature.toMethodType()),
                signature,
                arena));
  }

  static int attribute(MemorySegment value, int attribute, int device) {
    int answer =
        switch (attribute) {
          case 75 -> 8;
          case 76 -> 6;
          default -> throw new AssertionError(attribute);
        };
    value.reinterpret(4).set(INT, 0, answer);
    return device == 0 ? 0 : INVALID_DEVICE;
  }

  static int runtime(MemorySegment version) {
    version.reinterpret(4).set(INT, 0, 12090);
    return 0;
  }

  static long cublasLt() {
    return 120405;
  }

  static long cudnn() {
    return 91901;
  }
}
