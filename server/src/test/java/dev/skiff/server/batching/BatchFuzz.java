package dev.skiff.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

/** Fuzzes the join and the cut of batches: what goes in as one comes out as it was. */
public final class BatchFuzz {
  private static final Datatype[] DATATYPES = {
    Datatype.FP32, Datatype.BYTES, Datatype.INT64, Datatype.UINT8
  };
  private static final Deadline SOON = Deadline.after(Duration.ofMinutes(10));

  private BatchFuzz() {}

  /**
   * A byte each for the number of requests, of inputs, and of columns; and then, again and again,
   * one for the rows of a request, one for a datatype, and its elements, as far as the input goes.
   */
  public static void fuzzerTestOneInput(byte[] input) {
    ByteBuffer bytes = ByteBuffer.wrap(input);
    TensorPool pool = new TensorPool(1 << 16);
    int members = 1 + next(bytes) % 5;
    int inputs = 1 + next(bytes) % 3;
    int columns = next(bytes) % 4;
    List<InferenceRequest> requests = new ArrayList<>();
    for (int i = 0; i < members; i++) {
      int rows = next(bytes) % 4;
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (int j = 0; j < inputs; j++) {
        Datatype datatype = DATATYPES[next(bytes) % DATATYPES.length];
        tensors.put("x" + j, tensor(datatype, Shape.of(rows, columns), bytes));
      }
      InferenceRequest request = new InferenceRequest(tensors, List.of("y"), SOON);
      if (requests.isEmpty() ? Batch.rows(request) > 0 : Batch.fit(requests.getFirst(), request)) {
        requests.add(request);
      } else {
        request.close();
      }
    }
    if (!requests.isEmpty()) {
      check(requests, pool);
    }
    pool.close();
  }

  private static void check(List<InferenceRequest> requests, TensorPool pool) {
    Batch batch = new Batch(requests);
    InferenceRequest joined = batch.join(pool);
    long acquired =
        joined.inputs().values().stream()
            .filter(tensor -> tensor.datatype() != Datatype.BYTES)
            .mapToLong(tensor -> tensor.data().capacity())
            .sum();
    SequencedMap<String, Value> outputs = new LinkedHashMap<>(joined.inputs());
    InferenceResponse echo = new InferenceResponse(outputs, 0, 0);
    assertThat(batch.objection(echo)).isEmpty();
    List<InferenceResponse> parts = batch.split(echo);
    assertThat(parts).hasSameSizeAs(requests);
    for (int i = 0; i < parts.size(); i++) {
      InferenceRequest request = requests.get(i);
      parts
          .get(i)
          .outputs()
          .forEach(
              (name, value) -> {
                Tensor sent = Objects.requireNonNull(request.inputs().get(name));
                Tensor got = (Tensor) value;
                assertThat(got.shape()).isEqualTo(sent.shape());
                assertThat(got.data()).isEqualTo(sent.data());
              });
      parts.get(i).close();
      request.close();
    }
    assertThat(pool.idleBytes()).as("all of it is given back").isEqualTo(acquired);
  }

  private static Tensor tensor(Datatype datatype, Shape shape, ByteBuffer bytes) {
    if (datatype == Datatype.BYTES) {
      List<String> texts = new ArrayList<>();
      for (long i = 0; i < shape.elements(); i++) {
        texts.add("\u00e9".repeat(next(bytes) % 8));
      }
      return Tensor.ofStrings(shape, texts);
    }
    Tensor tensor = Tensor.allocate(datatype, shape);
    for (int i = 0; i < tensor.data().limit(); i++) {
      tensor.data().put(i, (byte) next(bytes));
    }
    return tensor;
  }

  /** The next byte, 0 behind the last. */
  private static int next(ByteBuffer bytes) {
    return bytes.hasRemaining() ? Byte.toUnsignedInt(bytes.get()) : 0;
  }
}
