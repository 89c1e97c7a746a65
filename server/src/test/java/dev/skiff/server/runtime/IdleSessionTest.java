package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * ONNX Runtime's threads rest when they have nothing to do. By its default they spin for a while
 * after each run: of the 200 ms below, the three of them together take 200 ms then, and now less
 * than one.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads the threads' CPU time from /proc")
final class IdleSessionTest {
  private static final Path THREADS = Path.of("/proc/self/task");
  private static final int RUNS = 20;
  private static final long PAUSE_NANOS = 10_000_000;
  private static final long BOUND_NANOS = 20_000_000;

  @Test
  void theThreadsOfASessionRestBetweenTwoRuns() throws IOException, ModelLoadException {
    Path model = Path.of("../models/digits/model.onnx");
    Set<Path> others = threads();
    try (OnnxSession session = Fixtures.RUNTIME.open(model, new ExecutionProvider.Cpu(4))) {
      Set<Path> workers = threads();
      workers.removeAll(others);
      workers.removeIf(thread -> !name(thread).equals(name(Path.of("/proc/thread-self"))));
      assertThat(workers).as("beside the thread that asks").hasSize(3);

      long idle = 0;
      for (int run = 0; run < RUNS; run++) {
        Fixtures.run(session, Tensor.allocate(Datatype.FP32, Shape.of(2048, 64))).close();
        long before = cpuNanos(workers);
        long end = System.nanoTime() + PAUSE_NANOS;
        while (System.nanoTime() < end) {
          LockSupport.parkNanos(end - System.nanoTime());
        }
        idle += cpuNanos(workers) - before;
      }
      assertThat(cpuNanos(workers) - idle).as("they did work").isPositive();
      assertThat(idle).isLessThan(BOUND_NANOS);
    }
  }

  private static Set<Path> threads() throws IOException {
    try (Stream<Path> threads = Files.list(THREADS)) {
      return threads.collect(Collectors.toSet());
    }
  }

  /** Native threads keep the name of the thread that made them; the JVM's have their own. */
  private static String name(Path thread) {
    return read(thread.resolve("comm")).strip();
  }

  private static long cpuNanos(Set<Path> threads) {
    return threads.stream()
        .mapToLong(thread -> Long.parseLong(read(thread.resolve("schedstat")).split(" ", 2)[0]))
        .sum();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}
