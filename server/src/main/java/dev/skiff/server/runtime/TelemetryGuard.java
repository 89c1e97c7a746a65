package dev.skiff.server.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Turns ONNX Runtime's telemetry off before its library is loaded. On Linux, 1.29 has it on by
 * default: it reads the command line (and crashes when that nears 4 KiB), writes below the home
 * directory and embeds an upload address. It looks once, at its initialisation, for {@value
 * #VARIABLE} in the process' environment.
 */
final class TelemetryGuard {
  static final String VARIABLE = "ORT_DISABLE_TELEMETRY";

  private TelemetryGuard() {}

  /**
   * Makes sure that the variable is set, in the environment that native code sees. Call it before
   * the first class of ONNX Runtime is touched.
   *
   * @throws IllegalStateException if it is not set and could not be set
   */
  static void turnTelemetryOff() {
    if (isOff(System.getenv(VARIABLE))) {
      return;
    }
    int failed;
    try (Arena arena = Arena.ofConfined()) {
      Linker linker = Linker.nativeLinker();
      MemorySegment setenv = linker.defaultLookup().findOrThrow("setenv");
      FunctionDescriptor signature =
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
      failed =
          (int)
              linker
                  .downcallHandle(setenv, signature)
                  .invokeExact(arena.allocateFrom(VARIABLE), arena.allocateFrom("1"), 1);
    } catch (Throwable e) {
      throw new IllegalStateException("set " + VARIABLE + "=1 in the environment", e);
    }
    if (failed != 0) {
      throw new IllegalStateException("set " + VARIABLE + "=1 in the environment");
    }
  }

  static boolean isOff(@Nullable String value) {
    return "1".equals(value);
  }
}
