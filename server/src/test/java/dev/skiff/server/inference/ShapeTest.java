package dev.skiff.server.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ShapeTest {

  static List<Arguments> elements() {
    return List.of(
        Arguments.of(Shape.of(), 1),
        Arguments.of(Shape.of(0), 0),
        Arguments.of(Shape.of(1), 1),
        Arguments.of(Shape.of(2, 3, 4), 24),
        Arguments.of(Shape.of(2, 0, 4), 0),
        Arguments.of(Shape.of(0, Long.MAX_VALUE), 0),
        Arguments.of(Shape.of(Long.MAX_VALUE), Long.MAX_VALUE),
        Arguments.of(Shape.of(1L << 31, 1L << 31), 1L << 62));
  }

  @ParameterizedTest
  @MethodSource
  void elements(Shape shape, long expected) {
    assertThat(shape.elements()).isEqualTo(expected);
  }

  static Stream<Shape> tooLarge() {
    return Stream.of(
        Shape.of(Long.MAX_VALUE, 2),
        Shape.of(1L << 32, 1L << 32),
        Shape.of(1L << 32, 1L << 32, 0),
        Shape.of(0, 1L << 32, 1L << 32));
  }

  @ParameterizedTest
  @MethodSource
  void tooLarge(Shape shape) {
    assertThatExceptionOfType(ArithmeticException.class).isThrownBy(shape::elements);
  }

  @Test
  void anOpenShapeHasNoNumberOfElements() {
    assertThatIllegalStateException()
        .isThrownBy(() -> Shape.of(-1, 4).elements())
        .withMessage("shape [-1,4] is open");
  }

  @Test
  void noDimensionIsBelowDynamic() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Shape.of(3, -2))
        .withMessage("dimension -2 is below -1");
    assertThatIllegalArgumentException().isThrownBy(() -> Shape.of(3).with(0, -2));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          2,3  | 2,3   | true
          2,3  | 2,4   | false
          2,3  | 3,3   | false
          2,3  | 2     | false
          2,3  | 2,3,1 | false
          2,3  | 3,2   | false
          -1,3 | 7,3   | true
          -1,3 | 0,3   | true
          -1,3 | 7,4   | false
          -1,3 | 7     | false
          -1   | 5     | true
          -1   | ''    | false
          ''   | ''    | true
          ''   | 1     | false
          """)
  void accepts(String specification, String data, boolean expected) {
    assertThat(shape(specification).accepts(shape(data))).isEqualTo(expected);
  }

  @Test
  void withChangesOneAxisOfACopy() {
    Shape shape = Shape.of(-1, 4);
    assertThat(shape.with(0, 2)).isEqualTo(Shape.of(2, 4));
    assertThat(shape.with(1, Shape.DYNAMIC)).isEqualTo(Shape.of(-1, -1));
    assertThat(shape).isEqualTo(Shape.of(-1, 4));
  }

  @Test
  void closedHasOneForWhatIsOpen() {
    assertThat(Shape.of(-1, 4, -1, 0).closed()).isEqualTo(Shape.of(1, 4, 1, 0));
    assertThat(Shape.of().closed()).isEqualTo(Shape.of());
  }

  @Test
  void rowIsTheShapeWithoutItsOutermostAxis() {
    assertThat(Shape.of(-1, 4, 5).row()).isEqualTo(Shape.of(4, 5));
    assertThat(Shape.of(7).row()).isEqualTo(Shape.of());
  }

  @Test
  void equalDimensionsMakeEqualShapes() {
    assertThat(Shape.of(2, 3)).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3));
    assertThat(Shape.of(2, 3)).isNotEqualTo(Shape.of(3, 2));
    assertThat(Shape.of(2)).isNotEqualTo(Shape.of(2, 1));
    assertThat(Shape.of()).isNotEqualTo(Shape.of(1)).isNotEqualTo("[]");
  }

  @Test
  void isWrittenAsInTheProtocol() {
    assertThat(Shape.of(-1, 4)).hasToString("[-1,4]");
    assertThat(Shape.of()).hasToString("[]");
  }

  @Test
  void sharesItsDimensionsWithNobody() {
    long[] dimensions = {2, 3};
    Shape shape = Shape.of(dimensions);
    dimensions[0] = 9;
    shape.toArray()[1] = 9;
    assertThat(shape).isEqualTo(Shape.of(2, 3));
    assertThat(shape.rank()).isEqualTo(2);
    assertThat(shape.dimension(1)).isEqualTo(3);
  }

  private static Shape shape(String dimensions) {
    return Shape.of(
        Stream.of(dimensions.split(","))
            .filter(dimension -> !dimension.isEmpty())
            .mapToLong(Long::parseLong)
            .toArray());
  }

  @ParameterizedTest
  @CsvSource({
    "'2,3', '5,3', true",
    "'2', '5', true",
    "'2,3', '2,4', false",
    "'2,3', '2,3,1', false",
    "'', '', false"
  })
  void rowsOfOneShape(String one, String other, boolean expected) {
    assertThat(shape(one).hasRowsOf(shape(other))).isEqualTo(expected);
  }
}
