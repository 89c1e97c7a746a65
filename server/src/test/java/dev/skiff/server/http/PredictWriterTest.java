package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.ROWS;
import static dev.skiff.server.http.Fixtures.SOON;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.longs;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;
import static dev.skiff.server.http.Fixtures.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.PredictReader.Form;
import dev.skiff.server.http.PredictReader.PredictRequest;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.inference.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;

class PredictWriterTest {
  private static final Value ONE_ROW = floats(Shape.of(1, 2), 1, 2);
  private static final Value TWO_ROWS = floats(Shape.of(2, 2), 1, 2, 3, 4);
  private static final Value TWO_NUMBERS = longs(Shape.of(2), 1, 9);
  private static final Value MAP = new Value.Dictionary(Map.of("a", 1L));

  @Test
  void answersARowWithoutItsBatchDimension() {
    assertThat(write(Form.ROW, 1, ONE_ROW)).isEqualTo("{\"prediction\":[1.0,2.0]}");
    assertThat(write(Form.ROW, 1, longs(Shape.of(1), 0))).isEqualTo("{\"prediction\":[0]}");
    assertThat(write(Form.ROW, 1, longs(Shape.of(1, 1, 1), 0))).isEqualTo("{\"prediction\":[[0]]}");
    assertThat(write(Form.ROW, 1, TWO_ROWS)).isEqualTo("{\"prediction\":[[1.0,2.0],[3.0,4.0]]}");
    assertThat(write(Form.ROW, 1, new Value.Sequence(List.of(MAP))))
        .isEqualTo("{\"prediction\":{\"a\":1}}");
    assertThat(write(Form.ROW, 1, new Value.Sequence(List.of(MAP, MAP))))
        .isEqualTo("{\"prediction\":[{\"a\":1},{\"a\":1}]}");
    assertThat(write(Form.ROW, 1, MAP)).isEqualTo("{\"prediction\":{\"a\":1}}");
  }

  @Test
  void keepsTheOutermostDimensionWhereThereIsNoBatch() {
    TensorSpec fixed = spec("x", Datatype.FP32, 1, 2);
    assertThat(write(Form.ROW, 1, fixed, List.of(), outputs(ONE_ROW)))
        .isEqualTo("{\"prediction\":[[1.0,2.0]]}");
  }

  @Test
  void answersARowWithTheFirstOutput() {
    assertThat(write(Form.ROW, 1, ROWS, List.of(), outputs(ONE_ROW, TWO_NUMBERS)))
        .isEqualTo("{\"prediction\":[1.0,2.0]}");
  }

  @Test
  void answersInstancesRowByRow() {
    assertThat(write(Form.INSTANCES, 2, TWO_ROWS))
        .isEqualTo("{\"predictions\":[[1.0,2.0],[3.0,4.0]]}");
    assertThat(write(Form.INSTANCES, 2, TWO_NUMBERS)).isEqualTo("{\"predictions\":[1,9]}");
    assertThat(write(Form.INSTANCES, 1, new Value.Sequence(List.of(MAP))))
        .isEqualTo("{\"predictions\":[{\"a\":1}]}");
    assertThat(write(Form.INSTANCES, 2, ROWS, List.of(), outputs(TWO_ROWS, TWO_NUMBERS)))
        .isEqualTo("{\"predictions\":[{\"y0\":[1.0,2.0],\"y1\":1},{\"y0\":[3.0,4.0],\"y1\":9}]}");
  }

  @Test
  void refusesInstancesWithoutARowEach() {
    for (Value value :
        new Value[] {TWO_ROWS, floats(Shape.of(), 1), MAP, new Value.Sequence(List.of())}) {
      assertInvalid(() -> write(Form.INSTANCES, 3, value))
          .contains("output 'y0'")
          .contains("3 instances")
          .contains("\"inputs\"");
    }
    assertInvalid(() -> write(Form.INSTANCES, 2, ROWS, List.of(), outputs(TWO_ROWS, ONE_ROW)))
        .contains("'y1'");
  }

  @Test
  void answersInputsByColumn() {
    assertThat(write(Form.INPUTS, 1, TWO_ROWS)).isEqualTo("{\"outputs\":[[1.0,2.0],[3.0,4.0]]}");
    assertThat(write(Form.INPUTS, 1, floats(Shape.of(), 1))).isEqualTo("{\"outputs\":1.0}");
    assertThat(write(Form.INPUTS, 1, MAP)).isEqualTo("{\"outputs\":{\"a\":1}}");
    assertThat(write(Form.INPUTS, 1, ROWS, List.of(), outputs(TWO_ROWS, TWO_NUMBERS)))
        .isEqualTo("{\"outputs\":{\"y0\":[[1.0,2.0],[3.0,4.0]],\"y1\":[1,9]}}");
  }

  @Test
  void addsLabels() {
    List<String> labels = List.of("zero", "one");
    assertThat(write(Form.ROW, 1, ROWS, labels, outputs(ONE_ROW)))
        .isEqualTo("{\"prediction\":[1.0,2.0],\"label\":\"one\"}");
    assertThat(write(Form.INSTANCES, 2, ROWS, labels, outputs(TWO_NUMBERS)))
        .isEqualTo("{\"predictions\":[1,9],\"labels\":[\"one\",null]}");
    assertThat(write(Form.INPUTS, 1, ROWS, labels, outputs(TWO_ROWS)))
        .isEqualTo("{\"outputs\":[[1.0,2.0],[3.0,4.0]],\"labels\":[\"one\",\"one\"]}");
    assertThat(write(Form.ROW, 1, ROWS, labels, outputs(TWO_NUMBERS)))
        .isEqualTo("{\"prediction\":[1,9]}");
    assertThat(write(Form.ROW, 1, ROWS, labels, outputs(longs(Shape.of(1), 9))))
        .isEqualTo("{\"prediction\":[9],\"label\":null}");
  }

  private static SequencedMap<String, Value> outputs(Value... values) {
    SequencedMap<String, Value> outputs = new LinkedHashMap<>();
    for (int i = 0; i < values.length; i++) {
      outputs.put("y" + i, values[i]);
    }
    return outputs;
  }

  private static String write(Form form, long rows, Value value) {
    return write(form, rows, ROWS, List.of(), outputs(value));
  }

  private static String write(
      Form form,
      long rows,
      TensorSpec input,
      List<String> labels,
      SequencedMap<String, Value> outputs) {
    InferenceRequest request = new InferenceRequest(Map.of(), List.copyOf(outputs.keySet()), SOON);
    return text(
        PredictWriter.write(
            new PredictRequest(form, rows, request),
            new InferenceResponse(outputs, 0, 0),
            model(List.of(input), List.of(), labels)));
  }
}
