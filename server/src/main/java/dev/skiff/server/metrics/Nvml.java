package dev.skiff.server.metrics;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;

/**
 * The state of GPUs, from the driver's own library, libnvidia-ml.so.1 (NVML API reference). It
 * comes with the driver, and into a container with the capability "utility". Thread-safe, as NVML
 * is.
 */
public final class Nvml {
  private static final String LIBRARY = "libnvidia-ml.so.1";

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  /** {@code nvmlMemory_t}: total, free and used bytes. */
  private static final MemoryLayout MEMORY = MemoryLayout.sequenceLayout(3, LONG);

  /** {@code nvmlUtilization_t}: per cent of the last sample period, of kernels and of memory. */
  private static final MemoryLayout UTILIZATION = MemoryLayout.sequenceLayout(2, INT);

  private static final int NAME_BYTES = 96;
  private static final double GIB = 1L << 30;

  private final SymbolLookup library;
  private final MethodHandle device;
  private final MethodHandle memory;
  private final MethodHandle utilization;

  /**
   * The memory of a GPU, of all processes together.
   *
   * @param total its bytes
   * @param used those in use
   */
  record Memory(long total, long used) {}

  private Nvml(SymbolLookup library) throws Throwable {
    this.library = library;
    check((int) function(library, "nvmlInit_v2").invokeExact());
    device = function(library, "nvmlDeviceGetHandleByIndex_v2", INT, ValueLayout.ADDRESS);
    memory = function(library, "nvmlDeviceGetMemoryInfo", ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    utilization =
        function(
            library, "nvmlDeviceGetUtilizationRates", ValueLayout.ADDRESS, ValueLayout.ADDRESS);
  }

  /** NVML for as long as the process lives; nothing where the library is not there or fails. */
  public static Optional<Nvml> open() {
    try {
      return open(SymbolLookup.libraryLookup(LIBRARY, Arena.global()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  static Optional<Nvml> open(SymbolLookup library) {
    try {
      return Optional.of(new Nvml(library));
    } catch (Throwable e) {
      return Optional.empty();
    }
  }

  /** The memory of a GPU, counted from 0; nothing if NVML cannot tell. */
  Optional<Memory> memory(int index) {
    return ask(
        index,
        memory,
        MEMORY,
        answer -> new Memory(answer.getAtIndex(LONG, 0), answer.getAtIndex(LONG, 2)));
  }

  /** The part of the time that a kernel ran, from 0 to 1; nothing if NVML cannot tell. */
  Optional<Double> utilization(int index) {
    return ask(index, utilization, UTILIZATION, answer -> answer.getAtIndex(INT, 0) / 100.0);
  }

  /**
   * A GPU in words: its name, architecture and memory, such as "NVIDIA H200, sm_90, 2.1 of 139.8
   * GiB in use"; nothing if NVML cannot tell.
   */
  public Optional<String> description(int index) {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle name =
          function(library, "nvmlDeviceGetName", ValueLayout.ADDRESS, ValueLayout.ADDRESS, INT);
      MethodHandle capability =
          function(
              library,
              "nvmlDeviceGetCudaComputeCapability",
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS);
      MemorySegment handle = handle(index, arena);
      MemorySegment text = arena.allocate(NAME_BYTES);
      check((int) name.invokeExact(handle, text, NAME_BYTES));
      MemorySegment major = arena.allocate(INT);
      MemorySegment minor = arena.allocate(INT);
      check((int) capability.invokeExact(handle, major, minor));
      Memory bytes = memory(index).orElseThrow();
      return Optional.of(
          String.format(
              Locale.ROOT,
              "%s, sm_%d%d, %.1f of %.1f GiB in use",
              text.getString(0),
              major.get(INT, 0),
              minor.get(INT, 0),
              bytes.used() / GIB,
              bytes.total() / GIB));
    } catch (Throwable e) {
      return Optional.empty();
    }
  }

  private MemorySegment handle(int index, Arena arena) throws Throwable {
    MemorySegment handle = arena.allocate(ValueLayout.ADDRESS);
    check((int) device.invokeExact(index, handle));
    return handle.get(ValueLayout.ADDRESS, 0);
  }

  private interface Reading<T> {
    T of(MemorySegment answer);
  }

  private <T> Optional<T> ask(
      int index, MethodHandle question, MemoryLayout layout, Reading<T> reading) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle = handle(index, arena);
      MemorySegment answer = arena.allocate(layout);
      check((int) question.invokeExact(handle, answer));
      return Optional.of(reading.of(answer));
    } catch (Throwable e) {
      return Optional.empty();
    }
  }

  private static MethodHandle function(
      SymbolLookup library, String name, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(INT, arguments));
  }

  private static void check(int status) {
    if (status != 0) {
      throw new IllegalStateException("NVML answered " + status);
    }
  }
}
