package dev.skiff.server.http;

import static dev.skiff.server.http.BinaryBody.texts;
import static dev.skiff.server.http.Fixtures.SOON;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.input;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.model.LoadedModel;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InferReaderBinaryTest {
  private static final LoadedModel MODEL =
      model(
          List.of(
              spec("a", Datatype.FP32, Shape.DYNAMIC, 2), spec("t", Datatype.BYTES, Shape.DYNAMIC)),
          List.of(spec("y", Datatype.FP32, 1), spec("z", Datatype.FP32, 1)),
          List.of());
  private static final byte[] FLOATS = BinaryBody.floats(1, 2);
  private static final byte[] TEXTS = texts("\u00e9", "");
  private static final String A = BinaryBody.input("a", "[1,2]", "FP32", 8);
  private static final String T = BinaryBody.input("t", "[2]", "BYTES", 10);
  private static final String JSON_A =
      "{\"name\":\"a\",\"shape\":[1,2],\"datatype\":\"FP32\",\"data\":[1,2]}";
  private static final String JSON_T =
      "{\"data\":[\"\u00e9\",\"\"],\"name\":\"t\",\"shape\":[2],\"datatype\":\"BYTES\"}";

  @Test
  void readsTensorsInTheOrderOfTheInputs() {
    assertGood(BinaryBody.of(inputs(A, T), FLOATS, TEXTS));
    assertGood(BinaryBody.of(inputs(T, A), TEXTS, FLOATS));
  }

  @Test
  void readsSomeInJsonAndSomeInBinaryForm() {
    assertGood(BinaryBody.of(inputs(A, JSON_T), FLOATS));
    assertGood(BinaryBody.of(inputs(JSON_T, A), FLOATS));
    assertGood(BinaryBody.of(inputs(JSON_A, T), TEXTS));
    assertGood(BinaryBody.of(inputs(JSON_A, JSON_T)));
  }

  @Test
  void readsFieldsInAnyOrder() {
    String backwards =
        "{\"parameters\":{\"x\":1,\"binary_data_size\":8},\"datatype\":\"FP32\",\"shape\":[1,2],\"name\":\"a\"}";
    assertGood(BinaryBody.of(inputs(backwards, T), FLOATS, TEXTS));
    String spaced = "  " + inputs(A, T) + "\r\n ";
    assertGood(BinaryBody.of(spaced, FLOATS, TEXTS));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | ``",
        "`'parameters':{'binary_data_output':true},` | y z",
        "`'parameters':{'binary_data_output':false},` | ``",
        "`'outputs':[{'name':'z','parameters':{'binary_data':true}}],` | z",
        "`'outputs':[{'name':'z'},{'name':'y','parameters':{'binary_data':true}}],` | y",
        "`'outputs':[{'name':'z','parameters':{'binary_data':false}},{'name':'y'}],"
            + "'parameters':{'binary_data_output':true},` | y",
        "`'parameters':{'binary_data_output':true},"
            + "'outputs':[{'name':'z','parameters':{'binary_data':false}}],` | ``",
      })
  void readsWhichOutputsAreWantedInBinaryForm(String wish, String binary) {
    String json = "{" + wish.replace('\'', '"') + inputs(JSON_A, JSON_T).substring(1);
    InferRequest read = InferReader.read(Fixtures.body(json), MODEL, SOON);
    assertThat(read.binary())
        .isEqualTo(binary.isEmpty() ? Set.of() : Set.of(binary.split(" ", -1)));
    read.request().close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "\"true\"", "0.5"})
  void refusesWishesThatAreNeitherTrueNorFalse(String wish) {
    String output = "\"outputs\":[{\"name\":\"y\",\"parameters\":{\"binary_data\":" + wish + "}}]";
    String request = "\"parameters\":{\"binary_data_output\":" + wish + "}";
    for (String part : new String[] {output, request}) {
      BinaryBody body = BinaryBody.of("{" + part + "," + inputs(A, T).substring(1), FLOATS, TEXTS);
      assertRefused(body).contains("must be true or false, got ");
    }
  }

  @Test
  void refusesAnInputTwice() {
    assertRefused(BinaryBody.of(inputs(A, A, T), FLOATS, FLOATS, TEXTS)).contains("came twice");
    assertRefused(BinaryBody.of(inputs(A, T, JSON_A), FLOATS, TEXTS)).contains("came twice");
  }

  @Test
  void refusesBothKindsOfData() {
    String both = A.replace("\"parameters\"", "\"data\":[1,2],\"parameters\"");
    assertRefused(BinaryBody.of(inputs(both, T), FLOATS, TEXTS)).contains("both");
    String early = A.replace("{\"name\"", "{\"data\":[1,2],\"name\"");
    assertRefused(BinaryBody.of(inputs(early, T), FLOATS, TEXTS)).contains("both");
  }

  @Test
  void refusesBinaryDataWithoutTheHeader() {
    byte[] bytes = BinaryBody.of(inputs(A, JSON_T)).bytes();
    assertInvalid(() -> InferReader.read(Fixtures.body(bytes), MODEL, SOON))
        .contains("input 'a'")
        .contains("there is no header Inference-Header-Content-Length");
  }

  @Test
  void refusesAWrongLengthOfTheJson() {
    BinaryBody good = BinaryBody.of(inputs(A, T), FLOATS, TEXTS);
    for (long length = 1; length <= good.bytes().length; length++) {
      long wrong = length;
      if (wrong != good.jsonLength()) {
        assertInvalid(() -> InferReader.read(good.body(), wrong, MODEL, SOON));
      }
    }
    for (long length : new long[] {good.bytes().length + 1L, 1L << 32, 999_999_999_999_999_999L}) {
      assertInvalid(() -> InferReader.read(good.body(), length, MODEL, SOON))
          .isEqualTo(
              "Inference-Header-Content-Length is %d, but the body has %d bytes"
                  .formatted(length, good.bytes().length));
    }
  }

  @Test
  void refusesABodyThatEndsEarlyOrLate() {
    BinaryBody good = BinaryBody.of(inputs(A, T), FLOATS, TEXTS);
    for (int end = good.jsonLength(); end < good.bytes().length; end++) {
      byte[] cut = Arrays.copyOf(good.bytes(), end);
      assertRefused(new BinaryBody(cut, good.jsonLength())).contains("are left of the body");
    }
    assertRefused(BinaryBody.of(inputs(A, T), FLOATS, TEXTS, new byte[1]))
        .isEqualTo("the body goes on for 1 bytes after its last tensor");
    assertRefused(BinaryBody.of(inputs(JSON_A, JSON_T), FLOATS)).contains("goes on for 8 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "8.0", "1e1", "\"8\"", "true", "9223372036854775808", "-9e99"})
  void refusesWhatIsNoSize(String size) {
    String wrong = A.replace(":8}", ":" + size + "}");
    assertRefused(BinaryBody.of(inputs(wrong, T), FLOATS, TEXTS)).contains("'binary_data_size'");
  }

  @Test
  void refusesWhatTheModelDoesNotTake() {
    assertRefused(BinaryBody.of(inputs(A.replace("FP32", "FP64"), T), FLOATS, TEXTS))
        .contains("has datatype FP32, got FP64");
    assertRefused(BinaryBody.of(inputs(A.replace("[1,2]", "[2,1]"), T), FLOATS, TEXTS))
        .contains("has shape [-1,2], got [2,1]");
    assertRefused(BinaryBody.of(inputs(A.replace("[1,2]", "[2]"), T), FLOATS, TEXTS))
        .contains("2 dimensions");
    assertRefused(BinaryBody.of(inputs(A.replace("[1,2]", "[2,2]"), T), FLOATS, TEXTS))
        .contains("4 elements of 4 bytes");
    assertRefused(
            BinaryBody.of(inputs(A.replace("[1,2]", "[4611686018427387905,2]"), T), FLOATS, TEXTS))
        .contains("too large");
    assertRefused(BinaryBody.of(inputs(A.replace("\"a\"", "\"q\""), T), FLOATS, TEXTS))
        .contains("no input 'q'");
    assertRefused(BinaryBody.of(inputs(A), FLOATS)).contains("input 't' is missing");
  }

  @Test
  void givesEveryTensorBack() {
    LoadedModel fresh =
        model(spec("a", Datatype.FP32, Shape.DYNAMIC, 2), spec("b", Datatype.FP32, 1, 1));
    BinaryBody late =
        BinaryBody.of(inputs(A, BinaryBody.input("b", "[1,1]", "FP32", 5)), FLOATS, new byte[5]);
    for (int i = 0; i < 3; i++) {
      assertInvalid(() -> InferReader.read(late.body(), late.jsonLength(), fresh, SOON));
      assertThat(fresh.pool().idleBytes()).isEqualTo(8);
    }
  }

  private static String inputs(String... inputs) {
    return "{\"inputs\":[" + String.join(",", inputs) + "]}";
  }

  private static void assertGood(BinaryBody body) {
    InferRequest read = InferReader.read(body.body(), body.jsonLength(), MODEL, SOON);
    assertThat(input(read.request(), "a").shape()).isEqualTo(Shape.of(1, 2));
    assertThat(floats(input(read.request(), "a"))).containsExactly(1f, 2f);
    assertThat(input(read.request(), "t").strings()).containsExactly("\u00e9", "");
    read.request().close();
  }

  private static AbstractStringAssert<?> assertRefused(BinaryBody body) {
    return assertInvalid(() -> InferReader.read(body.body(), body.jsonLength(), MODEL, SOON));
  }
}
