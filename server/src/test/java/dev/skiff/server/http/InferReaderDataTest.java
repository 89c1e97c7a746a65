package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.SOON;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.input;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.model.LoadedModel;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A V2 tensor's data and the shape that is declared for it. */
class InferReaderDataTest {
  private static final LoadedModel ONE = model(spec("a", Datatype.FP32, Shape.DYNAMIC, 2));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1,2,3,4] | [2,2]",
        "[[1,2],[3,4]] | [2,2]",
        "[] | [0,2]",
        "[[1,2]] | [1,2]",
      })
  void readsFlatAndNestedData(String data, String shape) {
    InferRequest read = read(one("a", shape, "FP32", data), ONE);
    assertThat(input(read.request(), "a").shape()).hasToString(shape);
    List<Float> expected = List.of(1f, 2f, 3f, 4f);
    Tensor a = input(read.request(), "a");
    assertThat(floats(a)).isEqualTo(expected.subList(0, (int) a.shape().elements()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[2,2] | [1,2,3] | shape [2,2] has 4 elements, data has 3",
        "[2,2] | [1,2,3,4,5] | shape [2,2] has 4 elements, data has 5",
        "[2,2] | [[1,2,3,4]] | shape is [2,2], data is nested as [1,4]",
        "[1,2] | [[1],[2]] | shape is [1,2], data is nested as [2,1]",
        "[1,2] | [[[1,2]]] | shape is [1,2], data is nested as [1,1,2]",
        "[2,2] | [[1,2],[3]] | ragged",
        "[0,2] | [[]] | data is nested as [1,0]",
        "[1,2] | [] | shape [1,2] has 2 elements, data has 0",
        "[2] | [1,2] | has 2 dimensions [-1,2], got 1: [2]",
        "[1,2,1] | [1,2] | has 2 dimensions [-1,2], got 3: [1,2,1]",
        "[] | [1] | got 0: []",
        "[2,1] | [1,2] | has shape [-1,2], got [2,1]",
        "[4294967296,4294967296] | [1,2] | has shape [-1,2]",
        "[-1,2] | [1,2] | whole numbers of at least 0 in \"shape\", got -1",
        "[1.5,2] | [1,2] | got 1.5",
        "[1.0,2] | [1,2] | got 1.0",
        "[1e0,2] | [1,2] | got 1e0",
        "[\"1\",2] | [1,2] | got a string",
        "[null,2] | [1,2] | got null",
        "[[1,2]] | [1,2] | got an array",
        "[true,2] | [1,2] | got true",
        "[9223372036854775808,2] | [1,2] | got 9223372036854775808",
        "{} | [1,2] | expected an array for \"shape\", got an object",
        "2 | [1,2] | expected an array for \"shape\", got 2",
        "[1,2] | 5 | expected an array for \"data\", got 5",
        "[1,2] | null | expected an array for \"data\", got null",
        "[1,2] | {} | expected an array for \"data\", got an object",
        "[1,2] | \"AAAA\" | expected an array for \"data\", got a string",
        "[1,2] | [1,\"2\"] | expected a number for FP32, got a string",
      })
  void refusesDataThatDoesNotFitItsShape(String shape, String data, String said) {
    assertInvalid(() -> read(one("a", shape, "FP32", data), ONE)).contains(said);
    String early = "{\"inputs\":[{\"data\":" + data + ",\"datatype\":\"FP32\",\"name\":\"a\",";
    assertInvalid(() -> read(early + "\"shape\":" + shape + "}]}", ONE)).contains(said);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[4294967296,4294967296,1]",
        "[1,9223372036854775807,2]",
        "[4294967296,4294967296,0]",
        "[3037000500,3037000500,1]"
      })
  void refusesShapesThatOverflow(String shape) {
    LoadedModel open = model(spec("a", Datatype.FP32, -1, -1, -1));
    assertInvalid(() -> read(one("a", shape, "FP32", "[]"), open)).contains("too large");
  }

  private static String one(String name, String shape, String datatype, String data) {
    return "{\"inputs\":[{\"name\":\"%s\",\"shape\":%s,\"datatype\":\"%s\",\"data\":%s}]}"
        .formatted(name, shape, datatype, data);
  }

  private static InferRequest read(String json, LoadedModel model) {
    return InferReader.read(body(json), model, SOON);
  }
}
