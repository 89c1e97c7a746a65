package dev.skiff.server.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClosenessTest {

  @ParameterizedTest
  @CsvSource({
    "FP32, 1, 1.00009, true",
    "FP32, 1, 1.0002, false",
    "FP32, 0, 0.00009, true",
    "FP32, 10000, 10000.9, true",
    "FP32, 10000, 10002, false",
    "FP32, NaN, NaN, true",
    "FP32, NaN, 1, false",
    "FP32, Infinity, Infinity, true",
    "FP32, Infinity, -Infinity, false",
    "FP32, Infinity, 1, false",
    "FP64, 1, 1.00009, true",
    "FP64, 1, 1.0002, false",
    "FP16, 1, 1.015, true",
    "FP16, 1, 1.03, false",
    "BF16, 1, 1.015, true",
    "BF16, 1, 1.03, false",
    "INT32, 1, 1, true",
    "INT32, 1, 2, false",
  })
  void numbers(Datatype datatype, double one, double other, boolean close) {
    assertThat(Closeness.close(tensor(datatype, one), tensor(datatype, other))).isEqualTo(close);
  }

  @Test
  void texts() {
    Tensor a = Tensor.ofStrings(Shape.of(2), List.of("a", "bc"));
    assertThat(Closeness.close(a, Tensor.ofStrings(Shape.of(2), List.of("a", "bc")))).isTrue();
    assertThat(Closeness.close(a, Tensor.ofStrings(Shape.of(2), List.of("ab", "c")))).isFalse();
  }

  @Test
  void shapesAndDatatypes() {
    Tensor a = Tensor.allocate(Datatype.FP32, Shape.of(1, 2));
    assertThat(Closeness.close(a, Tensor.allocate(Datatype.FP32, Shape.of(2, 1)))).isFalse();
    assertThat(Closeness.close(a, Tensor.allocate(Datatype.INT32, Shape.of(1, 2)))).isFalse();
  }

  @Test
  void maps() {
    Value a = map("x", 0.5f);
    assertThat(Closeness.close(a, map("x", 0.50001f))).isTrue();
    assertThat(Closeness.close(a, map("x", 0.501f))).isFalse();
    assertThat(Closeness.close(a, map("y", 0.5f))).isFalse();
    assertThat(Closeness.close(a, map("x", 0.5))).as("another type").isFalse();
    assertThat(Closeness.close(map("x", 0.5), map("x", 0.50001))).isTrue();
    assertThat(Closeness.close(map("x", 3L), map("x", 4L))).isFalse();
    assertThat(Closeness.close(a, tensor(Datatype.FP32, 0.5))).isFalse();
  }

  @Test
  void sequences() {
    Value a = new Value.Sequence(List.of(map("x", 0.5f), map("x", 1f)));
    assertThat(Closeness.close(a, new Value.Sequence(List.of(map("x", 0.50001f), map("x", 1f)))))
        .isTrue();
    assertThat(Closeness.close(a, new Value.Sequence(List.of(map("x", 1f), map("x", 0.5f)))))
        .isFalse();
    assertThat(Closeness.close(a, new Value.Sequence(List.of(map("x", 0.5f))))).isFalse();
    assertThat(Closeness.close(a, map("x", 0.5f))).isFalse();
  }

  private static Value map(String key, Object value) {
    LinkedHashMap<String, Object> entries = new LinkedHashMap<>();
    entries.put(key, value);
    return new Value.Dictionary(entries);
  }

  private static Tensor tensor(Datatype datatype, double value) {
    Tensor tensor = Tensor.allocate(datatype, Shape.of(1));
    switch (datatype) {
      case FP16 -> tensor.data().putShort(0, Float.floatToFloat16((float) value));
      case BF16 ->
          tensor.data().putShort(0, (short) (Float.floatToRawIntBits((float) value) >> 16));
      case FP32 -> tensor.data().putFloat(0, (float) value);
      case FP64 -> tensor.data().putDouble(0, value);
      default -> tensor.data().putInt(0, (int) value);
    }
    return tensor;
  }
}
