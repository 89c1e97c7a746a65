package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.ErrorCode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The Open Inference Protocol's REST specification, sentence by sentence: health and metadata. The
 * sentences on inference are in {@link OpenInferenceProtocolInferIT}.
 */
@BothDoors
class OpenInferenceProtocolIT {

  @Test
  @DisplayName("Server live tells whether the server can receive and answer requests")
  void serverLive(TestServer server) {
    assertThat(server.get("/v2/health/live").ok()).hasToString("{\"live\":true}");
  }

  @Test
  @DisplayName("Server ready tells whether the server is ready for inference")
  void serverReady(TestServer server) {
    assertThat(server.get("/v2/health/ready").ok()).hasToString("{\"ready\":true}");
  }

  @Test
  @DisplayName("Model ready tells whether a specific model is ready for inference")
  void modelReady(TestServer server) {
    assertThat(server.get("/v2/models/add/ready").ok())
        .hasToString("{\"name\":\"add\",\"ready\":true}");
    Reply broken = server.get("/v2/models/broken/ready");
    assertThat(broken.status()).isEqualTo(503);
    assertThat(broken.json()).hasToString("{\"name\":\"broken\",\"ready\":false}");
  }

  @Test
  @DisplayName("The version of a model may be given in the URL")
  void modelReadyVersion(TestServer server) {
    assertThat(server.get("/v2/models/versions/versions/10/ready").ok())
        .hasToString("{\"name\":\"versions\",\"ready\":true}");
    server.get("/v2/models/versions/versions/11/ready").refused(ErrorCode.NOT_FOUND);
  }

  @Test
  @DisplayName("If no version is given, the server chooses one by its own policy")
  void modelVersionPolicy(TestServer server) {
    JsonNode model = server.get("/v2/models/versions").ok();
    assertThat(model.get("versions")).hasToString("[\"10\"]");
    String request =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]}]}";
    assertThat(server.post("/v2/models/versions/infer", request).ok())
        .isEqualTo(server.post("/v2/models/versions/versions/10/infer", request).ok());
  }

  @Test
  @DisplayName("A readiness question about an unknown model gets an error")
  void modelReadyUnknown(TestServer server) {
    server.get("/v2/models/nope/ready").refused(ErrorCode.NOT_FOUND).contains("'nope'");
  }

  @Test
  @DisplayName("A successful server metadata request is indicated by a 200 status")
  void serverMetadata(TestServer server) {
    assertThat(server.get("/v2").ok().isObject()).isTrue();
  }

  @Test
  @DisplayName("Server metadata has name, version and extensions")
  void serverMetadataFields(TestServer server) {
    JsonNode metadata = server.get("/v2").ok();
    assertThat(metadata.propertyStream().map(Map.Entry::getKey))
        .containsExactlyInAnyOrder("name", "version", "extensions");
    assertThat(metadata.get("name").textValue()).isEqualTo("skiff");
    assertThat(metadata.get("version").textValue()).isEqualTo("test");
    assertThat(metadata.get("extensions").isArray()).isTrue();
    assertThat(metadata.get("extensions")).allMatch(JsonNode::isTextual);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v2/models/add", "/v2/models/add/versions/1"})
  @DisplayName("Model metadata has name, versions, platform, inputs and outputs")
  void modelMetadata(String path, TestServer server) {
    assertThat(server.get(path).ok())
        .isEqualTo(
            Fixtures.tree(
                """
                {"name": "add", "versions": ["1"], "platform": "onnxruntime_onnx",
                 "inputs": [{"name": "a", "datatype": "FP32", "shape": [-1, 3]},
                            {"name": "b", "datatype": "FP32", "shape": [-1, 3]}],
                 "outputs": [{"name": "sum", "datatype": "FP32", "shape": [-1, 3]},
                             {"name": "difference", "datatype": "FP32", "shape": [-1, 3]}]}"""));
  }

  @Test
  @DisplayName("A platform's name has the form <project>_<format>")
  void platform(TestServer server) {
    assertThat(server.get("/v2/models/add").ok().get("platform").textValue())
        .matches("[a-z]+_[a-z0-9]+");
  }

  @Test
  @DisplayName("The versions of the metadata are those that may be asked for")
  void metadataVersions(TestServer server) {
    for (JsonNode version : server.get("/v2/models/versions").ok().get("versions")) {
      server.get("/v2/models/versions/versions/" + version.textValue()).ok();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "fixed | [2,3] | [2,3]",
        "scalar | [] | []",
        "nonzero | [-1,3] | [2,-1]",
        "unnamed | [-1,3] | [-1,3]"
      })
  @DisplayName("A tensor's shape in the metadata has -1 for each dimension of variable size")
  void metadataShape(String model, String input, String output, TestServer server) {
    JsonNode metadata = server.get("/v2/models/" + model).ok();
    assertThat(metadata.get("inputs").get(0).get("shape")).hasToString(input);
    assertThat(metadata.get("outputs").get(0).get("shape")).hasToString(output);
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"UINT16", "UINT32", "UINT64"})
  @DisplayName("A tensor's datatype in the metadata is one of the protocol's")
  void metadataDatatype(Datatype datatype, TestServer server) {
    JsonNode metadata = server.get("/v2/models/" + model(datatype)).ok();
    for (String side : List.of("inputs", "outputs")) {
      assertThat(metadata.get(side).get(0).get("datatype").textValue()).isEqualTo(datatype.name());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UINT16", "UINT32", "UINT64"})
  @DisplayName("What the runtime cannot take makes its model unavailable, and says why")
  void unavailableDatatypes(Datatype datatype, TestServer server) {
    server
        .get("/v2/models/" + model(datatype))
        .refused(ErrorCode.NOT_READY)
        .contains(datatype.name());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v2/models/nope",
        "/v2/models/add/versions/2",
        "/v2/models/add/versions/x",
        "/v2/models/add/versions/0"
      })
  @DisplayName("A failed metadata request is indicated by an error status and an error object")
  void metadataError(String path, TestServer server) {
    server.get(path).refused(ErrorCode.NOT_FOUND);
  }

  @Test
  @DisplayName("All strings are case-sensitive")
  void caseSensitive(TestServer server) {
    server.get("/v2/models/Add").refused(ErrorCode.NOT_FOUND);
    server.get("/V2").refused(ErrorCode.NOT_FOUND);
    server
        .post(
            "/v2/models/identity-fp32/infer",
            "{\"inputs\":[{\"name\":\"X\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]}]}")
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains("'X'");
  }

  private static String model(Datatype datatype) {
    return "identity-" + datatype.name().toLowerCase(Locale.ROOT);
  }
}
