package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.SOON;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.model.LoadedModel;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every body that is cut short is refused, wherever the cut lies. */
class TruncationTest {
  private static final LoadedModel TWO =
      model(spec("a", Datatype.FP64, Shape.DYNAMIC, 2), spec("b", Datatype.BYTES, Shape.DYNAMIC));
  private static final LoadedModel ONE = model(spec("x", Datatype.FP32, Shape.DYNAMIC, 3));

  static Stream<String> predictBodiesOfOneInput() {
    return Stream.of(
        "[-1.5e2, 20, 3.25]",
        "{\"instances\": [[1, 2, 3], [4, 5, 6]], \"signature_name\": \"serving\"}",
        "{\"inputs\": [[1, 2, 3], [4.5, 5E-3, 6]]}");
  }

  static Stream<String> predictBodiesOfTwoInputs() {
    return Stream.of(
        "{\"instances\": [{\"a\": [1, 2], \"b\": \"caf\u00e9\"}, {\"b\": \"\\u0041\", \"a\": [3, 4]}]}",
        "{\"inputs\": {\"b\": [\"\ud83d\ude00\", \"\\ud83d\\ude00\"], \"a\": [[1, 2], [3, 4]]}}");
  }

  static Stream<String> inferBodies() {
    return Stream.of(
        """
        {"id": "caf\u00e9", "parameters": {"timeout": 1000000, "p": "q", "r": 1.5, "s": true},
         "inputs": [
          {"name": "a", "shape": [2, 2], "datatype": "FP64", "data": [1.5, -2e3, 3, 4], "more": {}},
          {"name": "b", "shape": [2], "datatype": "BYTES", "data": ["\ud83d\ude00", "\\u0000"]}],
         "outputs": [{"name": "y", "parameters": {"binary_data": false}}], "unknown": [null, {}]}""",
        """
        {"outputs": [], "inputs": [
          {"data": [[1.5, -2e3], [3, 4]], "shape": [2, 2], "datatype": "FP64", "name": "a"},
          {"data": ["\u00e9", "\\ud83d\\ude00"], "datatype": "BYTES", "name": "b", "shape": [2]}]}""");
  }

  @ParameterizedTest
  @MethodSource
  @BadInput(31)
  void predictBodiesOfOneInput(String whole) {
    PredictReader.read(body(whole), ONE, SOON).request().close();
    eachPart(whole, part -> PredictReader.read(part, ONE, SOON));
  }

  @ParameterizedTest
  @MethodSource
  void predictBodiesOfTwoInputs(String whole) {
    PredictReader.read(body(whole), TWO, SOON).request().close();
    eachPart(whole, part -> PredictReader.read(part, TWO, SOON));
  }

  @ParameterizedTest
  @MethodSource
  @BadInput(31)
  void inferBodies(String whole) {
    InferReader.read(body(whole), TWO, SOON).request().close();
    eachPart(whole, part -> InferReader.read(part, TWO, SOON));
  }

  private interface Reading {
    Object read(Exchange.Body part);
  }

  private static void eachPart(String whole, Reading reading) {
    byte[] bytes = whole.getBytes(StandardCharsets.UTF_8);
    for (int length = 0; length < bytes.length; length++) {
      int end = length;
      assertInvalid(() -> reading.read(body(bytes, end)))
          .as("cut after %d bytes", end)
          .startsWith("the body is ")
          .matches("(?s)the body is empty.*|.* at byte \\d+");
    }
  }
}
