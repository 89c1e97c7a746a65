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
import dev.skiff.server.inference.TensorSpec;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RawReaderTest {

  @Test
  void readsABodyThatIsOneTensor() {
    TensorSpec spec = spec("x", Datatype.FP32, Shape.DYNAMIC, 2);
    InferRequest read = InferReader.read(body(BinaryBody.floats(1, 2, 3, 4)), 0, model(spec), SOON);
    assertThat(input(read.request(), "x").shape()).isEqualTo(Shape.of(2, 2));
    assertThat(floats(input(read.request(), "x"))).containsExactly(1f, 2f, 3f, 4f);
    assertThat(read.id()).isEmpty();
    assertThat(read.binary()).containsExactly("y");
    assertThat(read.request().outputs()).containsExactly("y");
    read.request().close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-1,3 | 12 | [1,3]",
        "-1,3 | 36 | [3,3]",
        "2,3 | 24 | [2,3]",
        "'' | 4 | []",
        "-1,-1,2 | 24 | [1,3,2]",
        "-1,2,-1 | 24 | [1,2,3]",
        "2,-1 | 24 | [2,3]",
        "-1 | 4 | [1]",
      })
  void findsTheShape(String dimensions, int size, String shape) {
    try (Tensor tensor = read(dimensions, size)) {
      assertThat(tensor.shape()).hasToString(shape);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-1,3 | 16 | 'has a multiple of 12 bytes, got 16'",
        "-1,3 | 13 | multiple of 12",
        "2,3 | 12 | 6 elements of 4 bytes",
        "-1,-1,-1 | 24 | does not tell the shape",
        "2,-1,-1 | 24 | does not tell the shape",
        "-1,0 | 4 | multiple of 0",
        "-1,3 | 0 | the body is empty",
      })
  void refusesBytesThatHaveNoShape(String dimensions, int size, String said) {
    assertInvalid(() -> read(dimensions, size)).contains(said).contains("'x'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "1", "-1,1", "''"})
  void readsOneTextWithoutItsLength(String dimensions) {
    byte[] text = "caf\u00e9 \ud83d\ude00".getBytes(StandardCharsets.UTF_8);
    TensorSpec spec = spec("x", Datatype.BYTES, dimensions(dimensions.replace("''", "")));
    Tensor tensor =
        RawReader.read(spec, body(text), new BinaryReader(body(text), 0, model(spec).pool()));
    assertThat(tensor.strings()).containsExactly("caf\u00e9 \ud83d\ude00");
    assertThat(tensor.shape().elements()).isEqualTo(1);
  }

  @Test
  void refusesOneTextForSeveral() {
    TensorSpec spec = spec("x", Datatype.BYTES, Shape.DYNAMIC, 2);
    assertInvalid(() -> InferReader.read(body("ab"), 0, model(spec), SOON))
        .isEqualTo("a raw body is one element of BYTES, input 'x' has shape [-1,2]");
  }

  @Test
  void refusesModelsWithSeveralInputs() {
    TensorSpec a = spec("a", Datatype.FP32, 1);
    TensorSpec b = spec("b", Datatype.FP32, 1);
    assertInvalid(() -> InferReader.read(body(new byte[4]), 0, model(a, b), SOON))
        .contains("2 inputs")
        .contains("'a', 'b'");
  }

  private static Tensor read(String dimensions, int size) {
    TensorSpec spec = spec("x", Datatype.FP32, dimensions(dimensions));
    Exchange.Body body = body(new byte[size]);
    return RawReader.read(spec, body, new BinaryReader(body, 0, model(spec).pool()));
  }

  private static long[] dimensions(String text) {
    return text.isEmpty()
        ? new long[0]
        : Arrays.stream(text.split(",", -1)).mapToLong(Long::parseLong).toArray();
  }
}
