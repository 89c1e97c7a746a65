package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.TensorSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class RehearsedRequestsTest {
  @Test
  void smallInputsComeInEachForm() throws IOException {
    List<byte[]> requests = requests(spec("x", Datatype.FP32, Shape.DYNAMIC, 3));
    assertThat(requests).hasSize(3);
    assertThat(head(requests.getFirst())).startsWith("POST /predict/digits HTTP/1.1");
    assertThat(Fixtures.MAPPER.readTree(body(requests.getFirst())).at("/instances/0")).hasSize(3);
    assertThat(head(requests.get(1))).startsWith("POST /predict/digits HTTP/1.1");
    assertThat(Fixtures.MAPPER.readTree(body(requests.get(1)))).hasSize(3);
    assertThat(head(requests.getLast())).startsWith("POST /v2/models/digits/infer HTTP/1.1");
    JsonNode input = Fixtures.MAPPER.readTree(body(requests.getLast())).at("/inputs/0");
    assertThat(input.get("data").get(0)).hasSize(3);
    assertThat(input.get("shape")).hasToString("[1,3]");
  }

  @Test
  void largeInputsComeAsBinaryData() throws IOException {
    List<byte[]> requests =
        requests(
            spec("x", Datatype.FP32, Shape.DYNAMIC, 3, 224, 224),
            spec("y", Datatype.UINT8, Shape.DYNAMIC, 7));
    assertThat(requests).hasSize(1);
    byte[] body = body(requests.getFirst());
    int json = body.length - (4 * 3 * 224 * 224 + 7);
    assertThat(head(requests.getFirst()))
        .contains(
            "Content-Length: " + body.length,
            "Content-Type: application/octet-stream",
            "Inference-Header-Content-Length: " + json);
    JsonNode inputs = Fixtures.MAPPER.readTree(body, 0, json).get("inputs");
    assertThat(inputs.findValuesAsText("binary_data_size")).containsExactly("602112", "7");
    assertThat(inputs.get(0).has("data")).isFalse();
  }

  @Test
  void rowsStandAloneOnlyIfTheyAreArraysOfTheOnlyInput() {
    TensorSpec texts = spec("x", Datatype.BYTES, Shape.DYNAMIC);
    TensorSpec numbers = spec("y", Datatype.FP32, Shape.DYNAMIC, 3);
    assertThat(requests(texts)).hasSize(2);
    assertThat(requests(texts, numbers)).hasSize(2);
  }

  @Test
  void stillLargerInputsAreLeftOut() {
    assertThat(requests(spec("x", Datatype.FP32, Shape.DYNAMIC, 1 << 18))).hasSize(1);
    assertThat(requests(spec("x", Datatype.FP32, Shape.DYNAMIC, (1 << 18) + 1))).isEmpty();
    assertThat(requests(spec("x", Datatype.BYTES, Shape.DYNAMIC, 5000))).isEmpty();
  }

  private static List<byte[]> requests(TensorSpec... inputs) {
    return RehearsedRequests.of("digits", Fixtures.model(inputs));
  }

  private static String head(byte[] request) {
    return text(request).substring(0, end(request));
  }

  private static byte[] body(byte[] request) {
    return text(request).substring(end(request) + 4).getBytes(StandardCharsets.ISO_8859_1);
  }

  private static int end(byte[] request) {
    return text(request).indexOf("\r\n\r\n");
  }

  private static String text(byte[] request) {
    return new String(request, StandardCharsets.ISO_8859_1);
  }
}
