package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Outputs that are not tensors. */
final class MapsAndSequencesTest {
  private static final Shape TWO_ROWS = Shape.of(2, 3);

  @Test
  void aSequenceOfTensors() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("tensor-sequence");
        InferenceResponse response =
            Fixtures.run(session, Fixtures.fp32(TWO_ROWS, 1, 2, 3, 4, 5, 6))) {
      List<Value> values = sequence(response);
      assertThat(values).hasSize(2);
      assertThat(floats(values.get(0))).containsExactly(1, 2, 3);
      assertThat(floats(values.get(1))).containsExactly(4, 5, 6);
    }
  }

  @Test
  void mapsWithNumbersForKeysAreInTheirOrder() throws ModelLoadException {
    assertThat(maps("map-int"))
        .map(Map::entrySet)
        .satisfiesExactly(
            row ->
                assertThat(row)
                    .containsExactly(
                        Map.entry("0", 0.1f), Map.entry("1", 0.2f), Map.entry("2", 0.7f)),
            row ->
                assertThat(row)
                    .containsExactly(
                        Map.entry("0", 1f), Map.entry("1", 0f), Map.entry("2", Float.MIN_VALUE)));
  }

  @Test
  void mapsWithTextsForKeysAreInTheOrderOfTheKeys() throws ModelLoadException {
    assertThat(maps("map-string"))
        .map(Map::entrySet)
        .satisfiesExactly(
            row ->
                assertThat(row)
                    .containsExactly(
                        Map.entry("bl\u00fce", 0.7f),
                        Map.entry("green", 0.2f),
                        Map.entry("red", 0.1f)),
            row ->
                assertThat(row)
                    .containsExactly(
                        Map.entry("bl\u00fce", Float.MIN_VALUE),
                        Map.entry("green", 0f),
                        Map.entry("red", 1f)));
  }

  /**
   * The binding gives such a key as one wrong character, which nobody could tell from a right one.
   */
  @Test
  void keysOutsideTheBasicPlaneAreRight() throws ModelLoadException {
    assertThat(maps("map-emoji").getFirst().entrySet())
        .containsExactly(
            Map.entry("green", 0.2f), Map.entry("red", 0.1f), Map.entry("\ud83d\ude00", 0.7f));
  }

  @Test
  void noRowsAreAnEmptySequence() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("map-int");
        InferenceResponse response = Fixtures.run(session, Fixtures.fp32(Shape.of(0, 3)))) {
      assertThat(sequence(response)).isEmpty();
    }
  }

  private static List<Map<String, Object>> maps(String fixture) throws ModelLoadException {
    Tensor x = Fixtures.fp32(TWO_ROWS, 0.1f, 0.2f, 0.7f, 1, 0, Float.MIN_VALUE);
    try (OnnxSession session = Fixtures.open(fixture);
        InferenceResponse response = Fixtures.run(session, x)) {
      return sequence(response).stream().map(MapsAndSequencesTest::entries).toList();
    }
  }

  private static Map<String, Object> entries(Value value) {
    if (value instanceof Value.Dictionary(var entries)) {
      return entries;
    }
    throw new AssertionError("no map: " + value);
  }

  private static List<Value> sequence(InferenceResponse response) {
    if (response.outputs().get("y") instanceof Value.Sequence(var values)) {
      return values;
    }
    throw new AssertionError("no sequence: " + response);
  }

  private static float[] floats(Value value) {
    if (value instanceof Tensor tensor) {
      assertThat(tensor.shape()).isEqualTo(Shape.of(1, 3));
      float[] floats = new float[3];
      tensor.data().asFloatBuffer().get(floats);
      return floats;
    }
    throw new AssertionError("no tensor: " + value);
  }
}
