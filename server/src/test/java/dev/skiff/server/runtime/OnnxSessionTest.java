package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What models answer, by the shape of their inputs and outputs. */
final class OnnxSessionTest {

  @Test
  void theGraphSaysItsInputsAndOutputs() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("add")) {
      Shape open = Shape.of(Shape.DYNAMIC, 3);
      assertThat(session.inputs())
          .containsExactly(
              new TensorSpec("a", Datatype.FP32, open), new TensorSpec("b", Datatype.FP32, open));
      assertThat(session.outputs())
          .containsExactly(
              new TensorSpec("sum", Datatype.FP32, open),
              new TensorSpec("difference", Datatype.FP32, open));
    }
  }

  @Test
  void severalOutputsComeInTheOrderAskedFor() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("add");
        InferenceResponse response = add(session, List.of("difference", "sum"))) {
      assertThat(response.outputs().sequencedKeySet()).containsExactly("difference", "sum");
      assertThat(Fixtures.floats(response, "sum")).containsExactly(11, 22, 33);
      assertThat(Fixtures.floats(response, "difference")).containsExactly(9, 18, 27);
    }
  }

  @Test
  void onlyTheOutputsAskedForCome() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("add")) {
      try (InferenceResponse copied = add(session, List.of("difference"))) {
        assertThat(copied.outputs()).containsOnlyKeys("difference");
      }
      Fixtures.learn(session, 3);
      try (InferenceResponse inPlace = add(session, List.of("difference"))) {
        assertThat(inPlace.outputs()).containsOnlyKeys("difference");
        assertThat(Fixtures.floats(inPlace, "difference")).containsExactly(9, 18, 27);
      }
    }
  }

  @Test
  void aScalarGivesAScalar() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("scalar");
        InferenceResponse response = Fixtures.run(session, Fixtures.fp32(Shape.of(), 41))) {
      assertThat(Fixtures.tensor(response, "y").shape()).isEqualTo(Shape.of());
      assertThat(Fixtures.floats(response, "y")).containsExactly(42);
    }
  }

  @Test
  void noRowsGiveNoRows() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("identity-fp32")) {
      for (String way : List.of("copied", "written in place")) {
        try (InferenceResponse response =
            Fixtures.run(session, Tensor.allocate(Datatype.FP32, Shape.of(0, 3)))) {
          assertThat(Fixtures.tensor(response, "y").shape()).as(way).isEqualTo(Shape.of(0, 3));
        }
        Fixtures.learn(session, 3);
      }
    }
  }

  @Test
  void aShapeThatDependsOnTheDataIsTheDatas() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("nonzero")) {
      Fixtures.learn(session, 3);
      try (InferenceResponse response =
          Fixtures.run(session, Fixtures.fp32(Shape.of(2, 3), 0, 1, 0, 0, 0, 1))) {
        assertThat(Fixtures.tensor(response, "y").shape()).isEqualTo(Shape.of(2, 2));
        assertThat(Fixtures.tensor(response, "y").data().asLongBuffer().get(3)).isEqualTo(2);
      }
      try (InferenceResponse none =
          Fixtures.run(session, Fixtures.fp32(Shape.of(2, 3), 0, 0, 0, 0, 0, 0))) {
        assertThat(Fixtures.tensor(none, "y").shape()).isEqualTo(Shape.of(2, 0));
      }
    }
  }

  @Test
  void aModelRunsWithoutHavingLearntAnything() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("fixed");
        InferenceResponse response =
            Fixtures.run(session, Fixtures.fp32(Shape.of(2, 3), 1, 2, 3, 4, 5, 6))) {
      assertThat(Fixtures.floats(response, "y")).containsExactly(2, 4, 6, 8, 10, 12);
    }
  }

  @Test
  void theTimeOfTheRunIsTold() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("fixed");
        InferenceResponse response =
            Fixtures.run(session, Fixtures.fp32(Shape.of(2, 3), 1, 2, 3, 4, 5, 6))) {
      assertThat(response.runNanos()).isPositive();
    }
  }

  private static InferenceResponse add(OnnxSession session, List<String> outputs) {
    Map<String, Tensor> inputs =
        Map.of(
            "a", Fixtures.fp32(Shape.of(1, 3), 10, 20, 30),
            "b", Fixtures.fp32(Shape.of(1, 3), 1, 2, 3));
    try (InferenceRequest request =
        new InferenceRequest(inputs, outputs, Deadline.after(Duration.ofMinutes(1)))) {
      return session.run(request);
    }
  }
}
