package dev.skiff.image;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/**
 * Run by GpuImageIT in the image: calls the functions of cuDNN that the arguments name, of those
 * that make a descriptor and need no GPU for it, and prints what status each gives.
 */
final class CallCudnn {
  private CallCudnn() {}

  public static void main(String[] functions) throws Throwable {
    try (var arena = Arena.ofConfined()) {
      var cudnn = SymbolLookup.libraryLookup("libcudnn.so.9", arena);
      for (String function : functions) {
        var create =
            Linker.nativeLinker()
                .downcallHandle(
                    cudnn.findOrThrow(function),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        int status = (int) create.invokeExact(arena.allocate(ValueLayout.ADDRESS));
        System.out.println(function + " " + status);
      }
    }
  }
}
