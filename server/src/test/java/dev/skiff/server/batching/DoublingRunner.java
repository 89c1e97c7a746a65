package dev.skiff.server.batching;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;

/**
 * A model that doubles INT32s and fails on a negative one. Its runs do not end before its gate is
 * open.
 */
final class DoublingRunner implements Runner {
  private final TensorPool pool;
  private final CountDownLatch gate = new CountDownLatch(1);
  private final List<List<Integer>> runs = new ArrayList<>();

  /** One whose answers come from a pool. */
  DoublingRunner(TensorPool pool) {
    this.pool = pool;
  }

  @Override
  public InferenceResponse run(InferenceRequest request) {
    Tensor x = Objects.requireNonNull(request.inputs().get("x"));
    List<Integer> values =
        IntStream.range(0, (int) x.shape().elements())
            .mapToObj(i -> x.data().getInt(i * Integer.BYTES))
            .toList();
    synchronized (runs) {
      runs.add(values);
    }
    awaitGate();
    Tensor y = pool.acquire(Datatype.INT32, x.shape());
    for (int i = 0; i < values.size(); i++) {
      if (values.get(i) < 0) {
        y.close();
        throw InferenceException.invalid(values.get(i) + " is bad");
      }
      y.data().putInt(i * Integer.BYTES, 2 * values.get(i));
    }
    return answer(y);
  }

  void open() {
    gate.countDown();
  }

  void awaitGate() {
    try {
      gate.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** What the runs that began were given, in their order. */
  List<List<Integer>> runs() {
    synchronized (runs) {
      return List.copyOf(runs);
    }
  }

  /** A request of rows of this width. */
  static InferenceRequest request(int width, int... values) {
    return request(Duration.ofMinutes(1), width, values);
  }

  /** The same, for a client that waits only so long. */
  static InferenceRequest request(Duration patience, int width, int... values) {
    return new InferenceRequest(
        Map.of("x", ints(width, values)), List.of("y"), Deadline.after(patience));
  }

  static InferenceResponse answer(Value y) {
    return new InferenceResponse(new LinkedHashMap<>(Map.of("y", y)), 0, 1);
  }

  static Tensor ints(int width, int... values) {
    Tensor tensor = Tensor.allocate(Datatype.INT32, Shape.of(values.length / width, width));
    tensor.data().asIntBuffer().put(values);
    return tensor;
  }

  /** The first element of an answer. */
  static int value(InferenceResponse response) {
    return response.outputs().get("y") instanceof Tensor y ? y.data().getInt(0) : -1;
  }
}
