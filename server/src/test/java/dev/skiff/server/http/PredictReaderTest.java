package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.ROWS;
import static dev.skiff.server.http.Fixtures.SOON;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.input;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.PredictReader.Form;
import dev.skiff.server.http.PredictReader.PredictRequest;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.model.LoadedModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PredictReaderTest {
  private static final LoadedModel ONE = model(ROWS);
  private static final LoadedModel TWO =
      model(spec("a", Datatype.FP32, Shape.DYNAMIC, 2), spec("b", Datatype.BYTES, Shape.DYNAMIC));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1,2,3] | ROW | 1 | [1,3]",
        "{\"instances\":[[1,2,3]]} | INSTANCES | 1 | [1,3]",
        "{\"instances\":[[1,2,3],[4,5,6]]} | INSTANCES | 2 | [2,3]",
        "{\"instances\":[{\"x\":[1,2,3]},{\"x\":[4,5,6]}]} | INSTANCES | 2 | [2,3]",
        "{\"instances\":[{\"x\":[1,2,3]},[4,5,6]]} | INSTANCES | 2 | [2,3]",
        "{\"inputs\":[[1,2,3],[4,5,6]]} | INPUTS | 1 | [2,3]",
        "{\"inputs\":{\"x\":[[1,2,3],[4,5,6]]}} | INPUTS | 1 | [2,3]",
        "{\"signature_name\":\"any\",\"inputs\":[[1,2,3]]} | INPUTS | 1 | [1,3]",
        "{\"instances\":[[1,2,3]],\"signature_name\":[{}]} | INSTANCES | 1 | [1,3]",
        "{\"inputs\":[]} | INPUTS | 1 | [0]",
      })
  void readsEveryForm(String json, Form form, long rows, String shape) {
    Shape expected = shape(shape);
    if (expected.rank() != 2) {
      assertInvalid(() -> read(json, ONE)).contains("has 2 dimensions [-1,3]").contains(shape);
      return;
    }
    PredictRequest read = read(json, ONE);
    assertThat(read.form()).isEqualTo(form);
    assertThat(read.rows()).isEqualTo(rows);
    assertThat(read.request().outputs()).containsExactly("y");
    assertThat(read.request().deadline()).isEqualTo(SOON);
    assertThat(read.request().inputs()).containsOnlyKeys("x");
    try (Tensor x = input(read.request(), "x")) {
      assertThat(x.shape()).isEqualTo(expected);
      assertThat(floats(x)).startsWith(1f, 2f, 3f);
    }
  }

  @Test
  void readsSeveralInputsByName() {
    for (String json :
        new String[] {
          "{\"instances\":[{\"a\":[1,2],\"b\":\"p\"},{\"b\":\"q\",\"a\":[3,4]}]}",
          "{\"inputs\":{\"a\":[[1,2],[3,4]],\"b\":[\"p\",\"q\"]}}",
          "{\"inputs\":{\"b\":[\"p\",\"q\"],\"a\":[[1,2],[3,4]]}}",
        }) {
      PredictRequest read = read(json, TWO);
      assertThat(floats(input(read.request(), "a"))).containsExactly(1f, 2f, 3f, 4f);
      assertThat(input(read.request(), "b").strings()).containsExactly("p", "q");
      read.request().close();
    }
  }

  @Test
  void readsABareRowForModelsOfOtherRanks() {
    PredictRequest texts = read("[\"a\"]", model(spec("x", Datatype.BYTES, Shape.DYNAMIC)));
    assertThat(input(texts.request(), "x").strings()).containsExactly("a");
    PredictRequest fixed = read("[[1,2],[3,4]]", model(spec("x", Datatype.FP32, 2, 2)));
    assertThat(input(fixed.request(), "x").shape()).isEqualTo(Shape.of(2, 2));
    PredictRequest scalar = read("{\"inputs\":5}", model(spec("x", Datatype.FP32)));
    assertThat(floats(input(scalar.request(), "x"))).containsExactly(5f);
    assertInvalid(() -> read("[\"a\",\"b\"]", model(spec("x", Datatype.BYTES, Shape.DYNAMIC))))
        .contains("a bare array is one row, got 2")
        .contains("instances");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "5 | expected a row as an array, or an object with \"instances\" or \"inputs\", got 5",
        "\"a\" | got a string",
        "null | got null",
        "true | got true",
        "{} | expected \"instances\" or \"inputs\", got neither",
        "{\"signature_name\":\"x\"} | got neither",
        "{\"instances\":[[1,2,3]],\"inputs\":[[1,2,3]]} | got both",
        "{\"inputs\":[[1,2,3]],\"instances\":[[1,2,3]]} | got both",
        "{\"instances\":[]} | \"instances\" has no rows",
        "{\"instances\":{}} | expected an array of rows for \"instances\", got an object",
        "{\"instances\":5} | got 5",
        "{\"data\":[[1,2,3]]} | unknown key 'data', expected \"instances\" or \"inputs\"",
        "{\"instances\":[[1,2,3]],\"x\":1} | unknown key 'x'",
        "{\"instances\":[[1,2,3]],\"instances\":[[1,2,3]]} | Duplicate field 'instances'",
        "{\"instances\":[{\"x\":[1,2,3],\"x\":[1,2,3]}]} | Duplicate field 'x'",
        "{\"inputs\":{\"x\":[[1,2,3]],\"x\":[[1,2,3]]}} | Duplicate field 'x'",
        "{\"inputs\":{\"z\":[[1,2,3]]}} | the model has no input 'z', it expects 'x'",
        "{\"instances\":[{\"z\":[1,2,3]}]} | the model has no input 'z', it expects 'x'",
        "{\"inputs\":{}} | input 'x' is missing",
        "{\"instances\":[{}]} | input 'x' is missing",
        "{\"instances\":[{\"x\":[1,2,3]},{}]} | input 'x' is missing",
        "{\"instances\":[[1,2],[1,2,3]]} | ragged",
        "{\"instances\":[[1,2,3],null]} | ragged",
        "{\"instances\":[[1,2,null]]} | expected a number for FP32, got null",
        "{\"inputs\":5} | has 2 dimensions",
        "[] | has shape [-1,3], got [1,0]",
        "[[]] | a bare array is one row, of shape [3], got [1,0]; send rows as {\"instances\": [...]}",
        "[[1,2,3]] | a bare array is one row, of shape [3], got [1,3]",
        "[[1,2,3],[4,5,6]] | a bare array is one row, of shape [3], got [2,3]",
        "[1,2] | has shape [-1,3], got [1,2]",
        "[1,2,3,4] | has shape [-1,3], got [1,4]",
        "[{}] | expected a number for FP32, got an object",
      })
  void refuses(String json, String said) {
    assertInvalid(() -> read(json, ONE)).contains(said);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1,2] | the model has 2 inputs, so name them: 'a', 'b'",
        "{\"instances\":[[1,2]]} | name them: 'a', 'b'",
        "{\"inputs\":[[1,2]]} | name them: 'a', 'b'",
        "{\"inputs\":{\"a\":[[1,2]]}} | input 'b' is missing, the model expects 'a', 'b'",
        "{\"instances\":[{\"a\":[1,2]}]} | input 'b' is missing",
        "{\"instances\":[{\"a\":[1,2]},{\"b\":\"p\"}]} | input 'b' is missing",
        "{\"instances\":[{\"a\":[1,2],\"b\":\"p\"},{\"a\":[1,2]}]} | input 'b' is missing",
        "{\"instances\":[{\"a\":[1,2],\"b\":\"p\"},{}]} | is missing",
      })
  void refusesIncompleteRows(String json, String said) {
    assertInvalid(() -> read(json, TWO)).contains(said);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\ud83d\\ude00", "\\n", "\\u0000"})
  void survivesStrangeNames(String name) {
    assertInvalid(() -> read("{\"inputs\":{\"" + name + "\":[]}}", ONE)).contains("has no input");
    String tail = "x".repeat(5_000);
    assertInvalid(() -> read("{\"" + name + tail + "\":[]}", ONE)).hasSizeLessThan(300);
  }

  private static PredictRequest read(String json, LoadedModel model) {
    return PredictReader.read(body(json), model, SOON);
  }

  private static Shape shape(String text) {
    return Json.read(body(text), json -> Shape.of(Fixtures.MAPPER.readValue(json, long[].class)));
  }
}
