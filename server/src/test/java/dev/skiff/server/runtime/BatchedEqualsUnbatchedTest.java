package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.batching.BatchPolicy;
import dev.skiff.server.batching.BatchTrial;
import dev.skiff.server.batching.Batcher;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests of random sizes from several threads, joined as chance has it, on real models. */
@Timeout(240)
final class BatchedEqualsUnbatchedTest {
  private static final int THREADS = 6;
  private static final int REQUESTS = 150;

  /**
   * Where nothing is summed, or each row by itself in one order, the bits are equal. Matrix
   * products and convolutions choose their kernels by the number of rows: there the last bits may
   * differ.
   */
  @ParameterizedTest
  @CsvSource({
    "../models/iris, 4, FP32, 0",
    "../models/language, 0, BYTES, 1e-5",
    "../models/digits, 64, FP32, 1e-5",
    "src/test/fixtures/identity-bytes, 3, BYTES, 0",
    "src/test/fixtures/identity-bf16, 3, BF16, 0",
    "src/test/fixtures/sequence-length, 5, INT64, 0",
    "src/test/fixtures/labelled, 3, FP32, 0",
    "src/test/fixtures/tensor-sequence, 3, FP32, 0"
  })
  void onRealModels(String folder, int width, Datatype datatype, double tolerance)
      throws Exception {
    Path file = Path.of(folder, "model.onnx").toAbsolutePath().normalize();
    AtomicLong runs = new AtomicLong();
    try (OnnxSession session = Fixtures.RUNTIME.open(file, new ExecutionProvider.Cpu(1));
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      Batcher batcher =
          new Batcher(
              session,
              session.pool(),
              (rows, join, run, split) -> runs.incrementAndGet(),
              new BatchPolicy(16, Set.of(), 200_000),
              Optional.empty(),
              new Batcher.Limits(1, 1000, 1 << 30, 1000));
      List<Callable<Boolean>> tasks = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        Random random = new Random(thread);
        tasks.add(
            () -> {
              for (int i = 0; i < REQUESTS; i++) {
                assertSame(session, batcher, tensor(datatype, width, random), tolerance);
              }
              return true;
            });
      }
      for (Future<Boolean> task : threads.invokeAll(tasks)) {
        assertThat(task.get()).isTrue();
      }
      assertThat(batcher.objection()).isEmpty();
      assertThat(runs.get()).as("some were joined").isLessThan(THREADS * REQUESTS);
    }
  }

  /** Whose rows depend on each other, or whose answer has not a row for each. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mean       | output 'y' of a row depends on the rows beside it",
        "nonzero    | output 'y' had shape [2,3] for 1 rows",
        "running-sum | output 'y' of a row depends on the rows beside it"
      })
  void whatMustNotBeJoinedIsFound(String fixture, String objection) throws Exception {
    try (OnnxSession session = Fixtures.open(fixture);
        InferenceRequest one =
            Fixtures.request(session, Map.of("x", Fixtures.fp32(Shape.of(1, 3), 1, 2, 3)));
        InferenceRequest other =
            Fixtures.request(session, Map.of("x", Fixtures.fp32(Shape.of(1, 3), 5, -7, 9)))) {
      assertThat(new BatchTrial(session, session.pool()).objection(List.of(one, other)))
          .contains(objection);
    }
  }

  private static void assertSame(OnnxSession session, Batcher batcher, Tensor x, double tolerance) {
    String input = session.inputs().getFirst().name();
    try (InferenceRequest request = Fixtures.request(session, Map.of(input, x));
        InferenceResponse alone = session.run(request);
        InferenceResponse batched = batcher.run(request)) {
      assertThat(batched.outputs().sequencedKeySet())
          .containsExactlyElementsOf(alone.outputs().sequencedKeySet());
      alone
          .outputs()
          .forEach((name, value) -> assertSame(batched.outputs().get(name), value, tolerance));
    }
  }

  private static void assertSame(@Nullable Value actual, Value expected, double tolerance) {
    switch (expected) {
      case Tensor tensor -> {
        if (!(actual instanceof Tensor found)) {
          throw new AssertionError("no tensor but " + actual);
        }
        assertSame(found, tensor, tolerance);
      }
      case Value.Sequence(var values) -> {
        List<Value> others = actual instanceof Value.Sequence(var found) ? found : List.of();
        assertThat(others).hasSameSizeAs(values);
        for (int i = 0; i < values.size(); i++) {
          assertSame(others.get(i), values.get(i), tolerance);
        }
      }
      case Value.Dictionary dictionary -> assertThat(actual).isEqualTo(dictionary);
    }
  }

  private static void assertSame(Tensor actual, Tensor expected, double tolerance) {
    assertThat(actual.shape()).isEqualTo(expected.shape());
    if (tolerance > 0 && expected.datatype() == Datatype.FP32) {
      OptionalDouble largest =
          IntStream.range(0, expected.data().limit() / Float.BYTES)
              .mapToDouble(
                  i ->
                      Math.abs(
                          actual.data().getFloat(i * Float.BYTES)
                              - expected.data().getFloat(i * Float.BYTES)))
              .max();
      assertThat(largest.orElse(0)).isLessThanOrEqualTo(tolerance);
    } else {
      assertThat(actual.data().slice(0, actual.data().limit()))
          .isEqualTo(expected.data().slice(0, expected.data().limit()));
    }
  }

  /** One to three rows; of no width, the rows are single elements. */
  private static Tensor tensor(Datatype datatype, int width, Random random) {
    int rows = 1 + random.nextInt(3);
    Shape shape = width == 0 ? Shape.of(rows) : Shape.of(rows, width);
    int elements = Math.toIntExact(shape.elements());
    return switch (datatype) {
      case BYTES ->
          Tensor.ofStrings(
              shape,
              IntStream.range(0, elements)
                  .mapToObj(i -> "Wort " + Integer.toString(random.nextInt(), 36) + " 🚣")
                  .toList());
      case FP32 -> {
        Tensor tensor = Tensor.allocate(datatype, shape);
        for (int i = 0; i < elements; i++) {
          tensor.data().putFloat(i * Float.BYTES, random.nextFloat(0, 8));
        }
        yield tensor;
      }
      default -> {
        Tensor tensor = Tensor.allocate(datatype, shape);
        for (int i = 0; i < tensor.data().limit(); i++) {
          tensor.data().put(i, (byte) random.nextInt(64));
        }
        yield tensor;
      }
    };
  }
}
