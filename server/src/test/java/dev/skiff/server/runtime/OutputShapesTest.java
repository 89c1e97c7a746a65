package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The guess at an output's shape, from what models declare. */
final class OutputShapesTest {

  @Test
  void aFixedShapeStaysAsItIs() throws OrtException {
    assertThat(predicted("fixed", Shape.of(2, 3))).contains(Shape.of(2, 3));
  }

  @Test
  void aNamedDimensionFollowsTheInputAxisOfThatName() throws OrtException {
    assertThat(predicted("identity-fp32", Shape.of(5, 3))).contains(Shape.of(5, 3));
    assertThat(predicted("sequence-length", Shape.of(2, 7))).contains(Shape.of(2, 7));
  }

  @Test
  void anUnnamedOutermostDimensionIsTheBatch() throws OrtException {
    assertThat(predicted("unnamed", Shape.of(4, 3))).contains(Shape.of(4, 3));
  }

  @Test
  void aScalarIsAScalar() throws OrtException {
    assertThat(predicted("scalar", Shape.of())).contains(Shape.of());
  }

  @Test
  void noRowsGiveNoRows() throws OrtException {
    assertThat(predicted("identity-fp32", Shape.of(0, 3))).contains(Shape.of(0, 3));
  }

  @Test
  void aDimensionOfNoInputCannotBeTold() throws OrtException {
    assertThat(predicted("nonzero", Shape.of(2, 3))).isEmpty();
    assertThat(predicted("huge", Shape.of(2))).isEmpty();
  }

  private static Optional<Shape> predicted(String fixture, Shape x) throws OrtException {
    assertThat(Fixtures.RUNTIME).as("loaded, with telemetry off").isNotNull();
    try (OrtSession session =
            OrtEnvironment.getEnvironment().createSession(Fixtures.file(fixture).toString());
        Tensor input = Tensor.allocate(Datatype.FP32, x)) {
      var info = (TensorInfo) session.getOutputInfo().values().iterator().next().getInfo();
      return OutputShapes.of(info, session.getInputInfo().values())
          .map(shapes -> shapes.predict(Map.of("x", input)));
    }
  }
}
