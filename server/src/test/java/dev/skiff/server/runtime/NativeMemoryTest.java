package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Collections;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * No run leaves native memory behind. Asked is the C library, which knows to the byte what is in
 * use: the process' resident memory also moves with the Java heap, which is not its business. What
 * else moves there are the compilers of the JVM, by some megabytes that they give back when they
 * are done: so the lowest of several looks counts. Each test runs so often that even the smallest
 * object of ONNX Runtime's, about 100 bytes, left behind once a run, would go over {@link #BOUND}.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "mallinfo2 is glibc's")
@Timeout(240)
final class NativeMemoryTest {
  private static final long BOUND = 4 << 20;

  /** The JVM keeps what its compilers have given back for some seconds. */
  private static final long PATIENCE_NANOS = 10_000_000_000L;

  private static final long PAUSE_NANOS = 100_000_000;
  private static final Pattern NOTHING_COMPILES =
      Pattern.compile("Current compiles:(\\s+C[12] compile queue:\\s+Empty)+\\s+");

  @Test
  void numbersWrittenInPlace() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("identity-fp32")) {
      Fixtures.learn(session, 3);
      assertNothingIsLeft(80_000, () -> runOnARow(session));
    }
  }

  @Test
  void numbersCopied() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("nonzero")) {
      assertNothingIsLeft(80_000, () -> runOnARow(session));
    }
  }

  @Test
  void strings() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("identity-bytes")) {
      Tensor texts =
          Tensor.ofStrings(Shape.of(1, 3), Collections.nCopies(3, "\ud83d\ude00".repeat(1000)));
      assertNothingIsLeft(5_000, () -> Fixtures.run(session, texts).close());
    }
  }

  @Test
  void maps() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("map-string")) {
      assertNothingIsLeft(5_000, () -> runOnEightRows(session));
    }
  }

  @Test
  void sequencesOfTensors() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("tensor-sequence")) {
      assertNothingIsLeft(5_000, () -> runOnEightRows(session));
    }
  }

  /**
   * The binding (1.29) never frees its copy of an error's message, here 176 bytes, and a failing
   * run is tried a second time without outputs in place. Anything more would be ours.
   */
  @Test
  void failures() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("fails")) {
      Fixtures.learn(session);
      assertNoMoreIsLeft(
          2 * 176,
          50_000,
          () ->
              assertThat(
                      catchThrowable(() -> Fixtures.run(session, Fixtures.int64(Shape.of(1), 99))))
                  .isInstanceOf(InferenceException.class));
    }
  }

  @Test
  void sessions() {
    assertNothingIsLeft(
        1_000,
        () -> {
          try (OnnxSession session = Fixtures.open("identity-fp32")) {
            Fixtures.learn(session, 3);
          } catch (ModelLoadException e) {
            throw new AssertionError(e);
          }
        });
  }

  private static void runOnARow(OnnxSession session) {
    Tensor x = session.pool().acquire(Datatype.FP32, Shape.of(1, 3));
    x.data().asFloatBuffer().put(new float[] {1, 2, 3});
    Fixtures.run(session, x).close();
  }

  private static void runOnEightRows(OnnxSession session) {
    Fixtures.run(session, Fixtures.fp32(Shape.of(8, 3), new float[24])).close();
  }

  private static void assertNothingIsLeft(int runs, Runnable run) {
    assertNoMoreIsLeft(0, runs, run);
  }

  private static void assertNoMoreIsLeft(long bytes, int runs, Runnable run) {
    repeat(runs / 2, run);
    long before = Long.MAX_VALUE;
    for (int sample = 0; sample < 20; sample++) {
      repeat(runs / 100, run);
      before = Math.min(before, MallocInfo.inUse());
    }
    repeat(runs, run);
    long bound = BOUND + bytes * runs;
    long end = System.nanoTime() + PATIENCE_NANOS;
    long left = MallocInfo.inUse() - before;
    while (left > bound && System.nanoTime() < end) {
      LockSupport.parkNanos(PAUSE_NANOS);
      if (isCompiling()) {
        end = System.nanoTime() + PATIENCE_NANOS;
      }
      left = MallocInfo.inUse() - before;
    }
    assertThat(left).as("bytes left behind by %d runs", runs).isLessThan(bound);
  }

  /** Whether the JVM's compilers are at work, which may take any time on a busy machine. */
  private static boolean isCompiling() {
    try {
      Object queue =
          ManagementFactory.getPlatformMBeanServer()
              .invoke(
                  new ObjectName("com.sun.management:type=DiagnosticCommand"),
                  "compilerQueue",
                  null,
                  null);
      return !NOTHING_COMPILES.matcher(queue.toString()).matches();
    } catch (JMException e) {
      throw new AssertionError(e);
    }
  }

  private static void repeat(int runs, Runnable run) {
    for (int i = 0; i < runs; i++) {
      run.run();
    }
  }

  /** {@code mallinfo2(3)}. */
  private static final class MallocInfo {
    private static final String[] FIELDS = {
      "arena",
      "ordblks",
      "smblks",
      "hblks",
      "hblkhd",
      "usmblks",
      "fsmblks",
      "uordblks",
      "fordblks",
      "keepcost"
    };
    private static final StructLayout LAYOUT =
        MemoryLayout.structLayout(
            Arrays.stream(FIELDS)
                .map(ValueLayout.JAVA_LONG::withName)
                .toArray(MemoryLayout[]::new));
    private static final MethodHandle FUNCTION =
        Linker.nativeLinker()
            .downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("mallinfo2"),
                FunctionDescriptor.of(LAYOUT));

    /** The bytes that are allocated at the moment, small ones and mapped ones. */
    static long inUse() {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment info = (MemorySegment) FUNCTION.invokeExact((SegmentAllocator) arena);
        return field(info, "uordblks") + field(info, "hblkhd");
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }

    private static long field(MemorySegment info, String name) {
      return info.get(
          ValueLayout.JAVA_LONG, LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement(name)));
    }
  }
}
