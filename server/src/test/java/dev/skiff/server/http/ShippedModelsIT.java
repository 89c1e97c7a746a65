package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every model that ships answers its sample request with its sample reply. */
@BothDoors(BothDoors.Models.SHIPPED)
class ShippedModelsIT {

  static Stream<Path> models() throws IOException {
    try (Stream<Path> folders = Files.list(TestServer.MODELS)) {
      return folders.filter(f -> Files.exists(f.resolve("model.onnx"))).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void answersItsSample(Path model, TestServer server) throws IOException {
    String sample = Files.readString(model.resolve("sample.json"));
    JsonNode expected = Fixtures.tree(Files.readString(model.resolve("reply.json")));
    JsonNode reply = server.post("/predict/" + model.getFileName(), sample).ok();
    assertClose(reply, expected, "");
  }

  @Test
  void theSmallestIsTheClassicExample(TestServer server) {
    Reply reply = server.post("/predict/iris", "[5.1, 3.5, 1.4, 0.2]");
    assertThat(reply.text()).isEqualTo("{\"prediction\":[0]}");
  }

  @Test
  void needsNoName(TestServer server) {
    assertThat(server.post("/predict", "[5.1, 3.5, 1.4, 0.2]").text())
        .isEqualTo("{\"prediction\":[0]}");
  }

  @Test
  void isHealthy(TestServer server) {
    JsonNode health = server.get("/health").ok();
    assertThat(health.get("status").textValue()).isEqualTo("ok");
    assertThat(health.get("models"))
        .extracting(model -> model.get("state").textValue())
        .containsOnly("ready");
  }

  /** Numbers may differ in their last digits from machine to machine, everything else not. */
  private static void assertClose(JsonNode actual, JsonNode expected, String at) {
    assertThat(actual.getNodeType()).as(at).isEqualTo(expected.getNodeType());
    if (expected.isFloatingPointNumber()) {
      assertThat(actual.doubleValue())
          .as(at)
          .isCloseTo(expected.doubleValue(), Offset.offset(1e-4));
    } else if (expected.isArray()) {
      assertThat(actual).as(at).hasSameSizeAs(expected);
      IntStream.range(0, expected.size())
          .forEach(i -> assertClose(actual.get(i), expected.get(i), at + "/" + i));
    } else if (expected.isObject()) {
      assertThat(actual.propertyStream().map(Map.Entry::getKey))
          .as(at)
          .containsExactlyElementsOf(expected.propertyStream().map(Map.Entry::getKey).toList());
      expected.forEachEntry((key, value) -> assertClose(actual.get(key), value, at + "/" + key));
    } else {
      assertThat(actual).as(at).isEqualTo(expected);
    }
  }
}
