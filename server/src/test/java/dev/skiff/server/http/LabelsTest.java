package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.longs;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LabelsTest {
  private static final List<String> RGB = List.of("red", "green", "blue");

  @Test
  void readsAClassIndex() {
    assertLabels(longs(Shape.of(1), 2), "blue");
    assertLabels(longs(Shape.of(2), 0, 1), "red", "green");
    assertLabels(longs(Shape.of(2, 1), 1, 0), "green", "red");
    Tensor ints = Tensor.allocate(Datatype.INT32, Shape.of(2));
    ints.data().putInt(0, 2).putInt(4, 1);
    assertLabels(ints, "blue", "green");
  }

  @Test
  void hasNoLabelForAnIndexOutOfRange() {
    assertLabels(longs(Shape.of(4), -1, 3, 1L << 32, Long.MIN_VALUE), null, null, null, null);
  }

  @Test
  void findsTheGreatestScore() {
    assertLabels(floats(Shape.of(1, 3), 0.2f, 0.5f, 0.3f), "green");
    assertLabels(floats(Shape.of(2, 3), -1, -3, -2, 0, 0, 1), "red", "blue");
    assertLabels(floats(Shape.of(1, 3), 0.4f, 0.4f, 0.2f), "red");
    assertLabels(
        floats(Shape.of(1, 3), Float.NEGATIVE_INFINITY, 0, Float.POSITIVE_INFINITY), "blue");
  }

  @Test
  void hasNothingToSayOfOtherValues() {
    assertNone(floats(Shape.of(1, 2), 0, 1));
    assertNone(floats(Shape.of(3), 0, 1, 2));
    assertNone(floats(Shape.of(1, 1, 3), 0, 1, 2));
    assertNone(floats(Shape.of(), 0));
    assertNone(longs(Shape.of(), 0));
    assertNone(longs(Shape.of(0)));
    assertNone(longs(Shape.of(1, 2), 0, 1));
    assertNone(floats(Shape.of(0, 3)));
    assertNone(Tensor.ofStrings(Shape.of(1), List.of("red")));
    assertNone(new Value.Sequence(List.of()));
    assertNone(new Value.Dictionary(Map.of("red", 1f)));
    assertThat(Labels.of(longs(Shape.of(1), 0), List.of())).isEmpty();
  }

  private static void assertLabels(Value value, @Nullable String... expected) {
    assertThat(Labels.of(value, RGB)).contains(Arrays.asList(expected));
  }

  private static void assertNone(Value value) {
    assertThat(Labels.of(value, RGB)).isEmpty();
  }
}
