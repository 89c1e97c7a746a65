package dev.skiff.server.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class BatchTest {
  private final TensorPool pool = new TensorPool(1 << 20);

  @Test
  void rowsAreJoinedInTheOrderOfTheMembers() {
    Batch batch =
        new Batch(List.of(request(5, ints(1, 10, 11)), request(9, ints(2, 20, 21, 22, 23))));
    assertThat(batch.rows()).isEqualTo(3);
    try (InferenceRequest joined = batch.join(pool)) {
      Tensor x = Objects.requireNonNull(joined.inputs().get("x"));
      assertThat(x.shape()).isEqualTo(Shape.of(3, 2));
      assertThat(values(x)).containsExactly(10, 11, 20, 21, 22, 23);
      assertThat(joined.outputs()).containsExactly("y");
      assertThat(joined.deadline()).as("the last of all").isEqualTo(new Deadline(9));
    }
    assertThat(pool.idleBytes()).as("its memory is pooled").isEqualTo(3 * 2 * Integer.BYTES);
  }

  @Test
  void textsAreJoined() {
    Tensor one = Tensor.ofStrings(Shape.of(1, 2), List.of("a", "🚣"));
    Tensor two = Tensor.ofStrings(Shape.of(1, 2), List.of("", "b"));
    try (InferenceRequest joined =
        new Batch(List.of(request(1, one), request(1, two))).join(pool)) {
      Tensor x = Objects.requireNonNull(joined.inputs().get("x"));
      assertThat(x.shape()).isEqualTo(Shape.of(2, 2));
      assertThat(x.strings()).containsExactly("a", "🚣", "", "b");
    }
  }

  @Test
  void whatComesOutIsCutIntoViews() {
    Batch batch = new Batch(List.of(request(1, ints(2, 0, 0, 0, 0)), request(1, ints(1, 0, 0))));
    Tensor whole = ints(3, 1, 2, 3, 4, 5, 6);
    Value.Sequence maps = new Value.Sequence(List.of(map("first"), map("second"), map("third")));
    LinkedHashMap<String, Value> outputs = new LinkedHashMap<>();
    outputs.put("y", whole);
    outputs.put("maps", maps);
    InferenceResponse response = new InferenceResponse(outputs, 0, 77);
    assertThat(batch.objection(response)).isEmpty();

    List<InferenceResponse> parts = batch.split(response);
    assertThat(parts).extracting(InferenceResponse::runNanos).containsOnly(77L);
    assertThat(parts.get(0).outputs().sequencedKeySet()).containsExactly("y", "maps");
    assertThat(values((Tensor) Objects.requireNonNull(parts.get(0).outputs().get("y"))))
        .containsExactly(1, 2, 3, 4);
    assertThat(values((Tensor) Objects.requireNonNull(parts.get(1).outputs().get("y"))))
        .containsExactly(5, 6);
    assertThat(parts.get(1).outputs().get("maps"))
        .isEqualTo(new Value.Sequence(List.of(map("third"))));
    parts.get(0).close();
    assertThat(whole.data().getInt(0)).as("the other part still uses it").isEqualTo(1);
    parts.get(1).close();
    assertThatIllegalStateException().isThrownBy(() -> whole.data().getInt(0));
  }

  @Test
  void whatHasNoRowForEachIsObjectedTo() {
    Batch batch = new Batch(List.of(request(1, ints(2, 0, 0, 0, 0)), request(1, ints(1, 0, 0))));
    assertThat(batch.objection(answer(ints(2, 1, 2, 3, 4))))
        .contains("output 'y' had shape [2,2] for 3 rows");
    assertThat(batch.objection(answer(Tensor.allocate(Datatype.INT32, Shape.of()))))
        .contains("output 'y' had shape [] for 3 rows");
    assertThat(batch.objection(answer(new Value.Sequence(List.of(map("a"))))))
        .contains("output 'y' had 1 values for 3 rows");
    assertThat(batch.objection(answer(map("a")))).contains("output 'y' is one map for all rows");
  }

  @Test
  void onlyTheNumberOfRowsMayDiffer() {
    InferenceRequest request = request(1, ints(2, 1, 2, 3, 4));
    assertThat(Batch.fit(request, request(2, ints(1, 1, 2)))).isTrue();
    assertThat(Batch.fit(request, request(1, ints(1, 1, 2, 3)))).as("rows of 3").isFalse();
    assertThat(Batch.fit(request, request(1, Tensor.allocate(Datatype.FP32, Shape.of(1, 2)))))
        .as("another datatype")
        .isFalse();
    assertThat(Batch.fit(request, request(1, ints(0)))).as("no rows").isFalse();
    assertThat(Batch.fit(request(1, ints(0)), request)).as("no rows").isFalse();
    assertThat(
            Batch.fit(
                request, new InferenceRequest(request.inputs(), List.of("z"), request.deadline())))
        .as("another output")
        .isFalse();
    assertThat(
            Batch.fit(
                request,
                new InferenceRequest(
                    Map.of("w", ints(1, 1, 2)), request.outputs(), request.deadline())))
        .as("another input")
        .isFalse();
  }

  @Test
  void inputsThatDisagreeOnTheRowsHaveNone() {
    assertThat(Batch.rows(inputs(ints(2, 1, 2), ints(2, 1, 2)))).isEqualTo(2);
    assertThat(Batch.rows(inputs(ints(2, 1, 2), ints(1, 1, 2)))).isZero();
    assertThat(Batch.rows(inputs(ints(2, 1, 2), Tensor.allocate(Datatype.INT32, Shape.of()))))
        .isZero();
    assertThat(Batch.rows(new InferenceRequest(Map.of(), List.of("y"), new Deadline(1)))).isZero();
  }

  private static InferenceRequest inputs(Tensor a, Tensor b) {
    return new InferenceRequest(Map.of("a", a, "b", b), List.of("y"), new Deadline(1));
  }

  private static InferenceRequest request(long deadline, Tensor x) {
    return new InferenceRequest(Map.of("x", x), List.of("y"), new Deadline(deadline));
  }

  private static InferenceResponse answer(Value y) {
    return new InferenceResponse(new LinkedHashMap<>(Map.of("y", y)), 0, 0);
  }

  private static Value.Dictionary map(String key) {
    return new Value.Dictionary(Map.of(key, 1f));
  }

  private static Tensor ints(int rows, int... values) {
    Tensor tensor =
        Tensor.allocate(Datatype.INT32, Shape.of(rows, rows == 0 ? 2 : values.length / rows));
    tensor.data().asIntBuffer().put(values);
    return tensor;
  }

  private static int[] values(Tensor tensor) {
    int[] values = new int[Math.toIntExact(tensor.shape().elements())];
    tensor.data().asIntBuffer().get(values);
    return values;
  }
}
