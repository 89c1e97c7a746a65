package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.longs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The cases of Triton's documentation of the extension, and those that it leaves open. */
class ClassificationTest {
  private static final List<String> RGB = List.of("red", "green", "blue");
  private static final float NAN = Float.NaN;

  @Test
  void theHighestValuesComeFirst() {
    assertBest(floats(Shape.of(1, 4), 1, 5, 10, 4), 2, Shape.of(1, 2), "10.0:2", "5.0:1");
  }

  @Test
  void labelsFollowAsFarAsThereAreSome() {
    Tensor best = Classification.of(floats(Shape.of(1, 4), 0.1f, 0.3f, 0.2f, 0.4f), 3, RGB);
    assertThat(best.strings()).containsExactly("0.4:3", "0.3:1:green", "0.2:2:blue");
    assertThat(best.datatype()).isEqualTo(Datatype.BYTES);
  }

  @Test
  void eachRowHasItsOwn() {
    Tensor rows = floats(Shape.of(3, 2), 1, 2, 4, 3, -1, -0.5f);
    assertBest(rows, 1, Shape.of(3, 1), "2.0:1", "4.0:0", "-0.5:1");
    assertBest(floats(Shape.of(1, 2, 2), 1, 4, 3, 2), 2, Shape.of(1, 2), "4.0:1", "3.0:2");
    assertBest(floats(Shape.of(0, 3)), 2, Shape.of(0, 0));
  }

  @Test
  void oneDimensionIsOneRow() {
    assertBest(floats(Shape.of(3), 2, 3, 1), 2, Shape.of(2), "3.0:1", "2.0:0");
  }

  @Test
  void thereAreNoMoreThanClasses() {
    assertBest(floats(Shape.of(1, 2), 1, 2), 5, Shape.of(1, 2), "2.0:1", "1.0:0");
    assertBest(floats(Shape.of(2, 0)), 5, Shape.of(2, 0));
  }

  @Test
  void ofEqualsTheFirstIsTheBest() {
    assertBest(floats(Shape.of(1, 4), 1, 2, 2, 1), 3, Shape.of(1, 3), "2.0:1", "2.0:2", "1.0:0");
  }

  @Test
  void nanIsNoScore() {
    float least = Float.NEGATIVE_INFINITY;
    float most = Float.POSITIVE_INFINITY;
    assertBest(
        floats(Shape.of(1, 5), NAN, least, most, NAN, 0),
        5,
        Shape.of(1, 5),
        "Infinity:2",
        "0.0:4",
        "-Infinity:1",
        "NaN:0",
        "NaN:3");
  }

  /** As doubles these are one number. */
  @Test
  void integersAreComparedAsIntegers() {
    long large = 1L << 53;
    assertBest(
        longs(Shape.of(1, 3), large, large + 1, -1),
        2,
        Shape.of(1, 2),
        "9007199254740993:1",
        "9007199254740992:0");
  }

  /** Each byte of the first element is 1, of the second 0x7f, of the third 0xff. */
  @ParameterizedTest
  @CsvSource({
    "INT8, 127:1, 1:0, -1:2",
    "INT16, 32639:1, 257:0, -1:2",
    "INT32, 2139062143:1, 16843009:0, -1:2",
    "INT64, 9187201950435737471:1, 72340172838076673:0, -1:2",
    "UINT8, 255:2, 127:1, 1:0",
    "UINT16, 65535:2, 32639:1, 257:0",
    "UINT32, 4294967295:2, 2139062143:1, 16843009:0",
    "UINT64, 18446744073709551615:2, 9187201950435737471:1, 72340172838076673:0",
    "FP32, 3.3961514E38:1, 2.3694278E-38:0, NaN:2",
    "FP64, 1.3824172084878715E306:1, 7.748604185489348E-304:0, NaN:2"
  })
  void everyKindOfNumberHasScores(Datatype datatype, String first, String second, String third) {
    assertBest(scores(datatype), 3, Shape.of(1, 3), first, second, third);
  }

  @ParameterizedTest
  @EnumSource(names = {"BOOL", "FP16", "BF16"})
  void otherDatatypesHaveNone(Datatype datatype) {
    assertUnsupported(scores(datatype), "an output of " + datatype);
  }

  @Test
  void otherValuesHaveNone() {
    assertUnsupported(Tensor.ofStrings(Shape.of(1, 1), List.of("red")), "an output of BYTES");
    assertUnsupported(floats(Shape.of(), 1), "an output that has no scores");
    assertUnsupported(new Value.Dictionary(Map.of("red", 1f)), "an output that has no scores");
    assertUnsupported(new Value.Sequence(List.of()), "an output that has no scores");
  }

  private static Tensor scores(Datatype datatype) {
    Tensor tensor = Tensor.allocate(datatype, Shape.of(1, 3));
    ByteBuffer data = tensor.data();
    for (int i = 0; i < data.limit(); i++) {
      data.put(i, new byte[] {1, 0x7f, (byte) 0xff}[i / datatype.byteSize()]);
    }
    return tensor;
  }

  private static void assertBest(Tensor output, int classes, Shape shape, String... texts) {
    Tensor best = Classification.of(output, classes, List.of());
    assertThat(best.shape()).isEqualTo(shape);
    assertThat(best.strings()).containsExactly(texts);
    output.close();
  }

  private static void assertUnsupported(Value output, String what) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> Classification.of(output, 1, RGB))
        .withMessage("classification is not supported for " + what)
        .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED));
    output.close();
  }
}
