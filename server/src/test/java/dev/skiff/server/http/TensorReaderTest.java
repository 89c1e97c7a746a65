package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.ROWS;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.TensorSpec;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TensorReaderTest {
  private static final TensorPool POOL = new TensorPool(0);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "5 | []",
        "[] | [0]",
        "[1] | [1]",
        "[1,2,3] | [3]",
        "[[1,2,3]] | [1,3]",
        "[[1],[2]] | [2,1]",
        "[[],[]] | [2,0]",
        "[[[]]] | [1,1,0]",
        "[[[1,2],[3,4],[5,6]]] | [1,3,2]",
      })
  void findsTheShape(String json, String shape) {
    TensorReader reader = reader(ROWS);
    readAll(reader, json);
    assertThat(reader.shape()).hasToString(shape);
    assertThat(reader.elements()).isEqualTo(reader.shape().elements());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[1,[2]]",
        "[[1],2]",
        "[[1,2],[3]]",
        "[[1],[2,3]]",
        "[[],[1]]",
        "[[1],[]]",
        "[[],1]",
        "[1,[]]",
        "[[[1]],[2]]",
        "[[1],[[2]]]",
        "[[],[[]]]",
        "[[[]],[]]",
        "[[[1,2]],[[1],[2]]]",
        "[[[1],[2]],[[3]]]"
      })
  void refusesRaggedArrays(String json) {
    assertInvalid(() -> readAll(reader(ROWS), json))
        .contains("input 'x' is ragged")
        .contains("at byte ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[[1,2,3]] | [1,3]",
        "[[1,2,3],[4,5,6]] | [2,3]",
        "[7,8] | [2]",
        "[[]] | [1,0]",
        "[] | []",
      })
  void readsRowByRow(String rows, String shape) {
    TensorReader reader = reader(ROWS);
    readRows(reader, rows);
    assertThat(reader.shape()).hasToString(shape);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[[1,2,3],[4,5]]", "[[1],2]", "[1,[2]]", "[[1],[[2]]]"})
  void refusesUnequalRows(String rows) {
    assertInvalid(() -> readRows(reader(ROWS), rows)).contains("ragged");
  }

  @Test
  void refusesDeepArraysWithinJsonsOwnLimit() {
    for (int depth = 1; depth <= 64; depth++) {
      String deep = "[".repeat(depth) + "]".repeat(depth);
      TensorReader row = reader(ROWS);
      readRow(row, deep);
      assertInvalid(() -> row.tensor()).startsWith("input 'x' has ");
      TensorReader all = reader(spec("x", Datatype.FP32, 1));
      readAll(all, deep);
      assertInvalid(() -> all.tensor());
    }
  }

  @Test
  void makesTheTensor() {
    TensorReader reader = reader(ROWS);
    readAll(reader, "[[1,-2.5,3e2],[4,5,6]]");
    try (Tensor tensor = reader.tensor()) {
      assertThat(tensor.shape()).isEqualTo(Shape.of(2, 3));
      assertThat(floats(tensor)).containsExactly(1f, -2.5f, 300f, 4f, 5f, 6f);
    }
  }

  @Test
  void takesAListForAColumn() {
    TensorSpec column = spec("x", Datatype.INT64, Shape.DYNAMIC, 1);
    assertThat(shape(column, "[7,8,9]")).isEqualTo(Shape.of(3, 1));
    assertThat(shape(column, "[[7],[8]]")).isEqualTo(Shape.of(2, 1));
    assertInvalid(() -> shape(column, "7")).contains("got 0: []");
    assertInvalid(() -> shape(spec("x", Datatype.INT64, Shape.DYNAMIC, 2), "[7,8]"))
        .contains("has 2 dimensions [-1,2], got 1: [2]");
  }

  @Test
  void allowsNoRowsWhereTheModelDoes() {
    assertThat(shape(spec("x", Datatype.FP32, Shape.DYNAMIC), "[]")).isEqualTo(Shape.of(0));
    assertInvalid(() -> shape(spec("x", Datatype.FP32, 3), "[]")).contains("[3], got [0]");
    assertInvalid(() -> shape(ROWS, "[[]]")).contains("[-1,3], got [1,0]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1,2,3] | has 2 dimensions [-1,3], got 1: [3]",
        "[[1,2]] | has shape [-1,3], got [1,2]",
        "[[[1,2,3]]] | has 2 dimensions [-1,3], got 3: [1,1,3]",
        "1 | has 2 dimensions [-1,3], got 0: []",
      })
  void refusesShapesThatTheModelDoesNotTake(String json, String said) {
    assertInvalid(() -> shape(ROWS, json)).isEqualTo("input 'x' " + said);
  }

  private static TensorReader reader(TensorSpec spec) {
    return new TensorReader(spec, POOL, null);
  }

  private static Shape shape(TensorSpec spec, String json) {
    TensorReader reader = reader(spec);
    readAll(reader, json);
    try (Tensor tensor = reader.tensor()) {
      return tensor.shape();
    }
  }

  private static void readAll(TensorReader reader, String json) {
    read(json, reader::readAll);
  }

  private static void readRow(TensorReader reader, String json) {
    read(json, reader::readRow);
  }

  private static void readRows(TensorReader reader, String json) {
    read(
        json,
        parser -> {
          while (parser.nextToken() != JsonToken.END_ARRAY) {
            reader.readRow(parser);
          }
        });
  }

  private interface Step {
    void read(TensorParser json) throws IOException;
  }

  private static void read(String json, Step step) {
    Json.<Boolean>read(
        body(json),
        parser -> {
          step.read(parser);
          return true;
        });
  }
}
