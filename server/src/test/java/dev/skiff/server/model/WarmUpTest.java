package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Shape;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WarmUpTest {

  static List<Arguments> shape() {
    return List.of(
        Arguments.of("a scalar", Shape.of(), List.of(), 2, Shape.of()),
        Arguments.of("fixed", Shape.of(3, 4), List.of(), 2, Shape.of(3, 4)),
        Arguments.of("fixed wins", Shape.of(3, 4), List.of(9L, 9L), 2, Shape.of(3, 4)),
        Arguments.of("open batch", Shape.of(-1, 4), List.of(), 2, Shape.of(2, 4)),
        Arguments.of("open batch wins", Shape.of(-1, 4), List.of(9L, 9L), 2, Shape.of(2, 4)),
        Arguments.of("others are 1", Shape.of(-1, -1, 5), List.of(), 2, Shape.of(2, 1, 5)),
        Arguments.of("or given", Shape.of(-1, -1, -1), List.of(1L, 7L, 8L), 2, Shape.of(2, 7, 8)),
        Arguments.of("given in part", Shape.of(-1, -1, -1), List.of(1L, 7L), 1, Shape.of(1, 7, 1)),
        Arguments.of("inner only", Shape.of(3, -1), List.of(3L, 7L), 2, Shape.of(3, 7)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void shape(String what, Shape spec, List<Long> given, long batch, Shape expected) {
    assertThat(WarmUp.shape(spec, given, batch)).as(what).isEqualTo(expected);
  }
}
