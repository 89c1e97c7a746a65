package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.ErrorCode;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The Open Inference Protocol's REST specification, sentence by sentence: inference in JSON. */
@BothDoors
class OpenInferenceProtocolInferIT {
  private static final String ADD = "/v2/models/add/infer";
  private static final String A =
      "{\"name\":\"a\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[5,7,9]}";
  private static final String B =
      "{\"name\":\"b\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,4]}";
  private static final String INPUTS = "\"inputs\":[" + A + "," + B + "]";

  @ParameterizedTest
  @ValueSource(strings = {ADD, "/v2/models/add/versions/1/infer"})
  @DisplayName("An inference request is a POST to a model's infer path, with or without a version")
  void request(String path, TestServer server) {
    assertThat(server.post(path, "{" + INPUTS + "}").ok())
        .isEqualTo(
            Fixtures.tree(
                """
                {"model_name": "add", "model_version": "1", "outputs": [
                  {"name": "sum", "datatype": "FP32", "shape": [1, 3], "data": [6.0, 9.0, 13.0]},
                  {"name": "difference", "datatype": "FP32", "shape": [1, 3], "data": [4.0, 5.0, 5.0]}
                ]}"""));
  }

  @Test
  @DisplayName("The request's id is optional, and returned in the response if there is one")
  void id(TestServer server) {
    JsonNode reply = server.post(ADD, "{\"id\":\"caf\u00e9 42\"," + INPUTS + "}").ok();
    assertThat(reply.get("id").textValue()).isEqualTo("caf\u00e9 42");
    assertThat(server.post(ADD, "{" + INPUTS + "}").ok().has("id")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"a\":\"b\"}",
        "{\"a\":1.5,\"b\":2,\"c\":false}",
        "{\"timeout\":20000000}"
      })
  @DisplayName("Parameters are optional strings, numbers and booleans on requests, inputs, outputs")
  void parameters(String parameters, TestServer server) {
    String with = ",\"parameters\":" + parameters + "}";
    String tensors = "\"inputs\":[" + A.replaceFirst("}$", with) + "," + B + "]";
    String outputs = ",\"outputs\":[{\"name\":\"sum\"" + with + "]";
    server.post(ADD, "{" + tensors + outputs + with).ok();
  }

  @Test
  @DisplayName("If no outputs are specified, all outputs of the model are returned")
  void allOutputs(TestServer server) {
    assertOutputs(server.post(ADD, "{" + INPUTS + "}"), "sum", "difference");
    assertOutputs(server.post(ADD, "{" + INPUTS + ",\"outputs\":[]}"), "sum", "difference");
  }

  @Test
  @DisplayName("If outputs are specified, these are returned")
  void someOutputs(TestServer server) {
    String one = ",\"outputs\":[{\"name\":\"difference\"}]}";
    assertOutputs(server.post(ADD, "{" + INPUTS + one), "difference");
    String both = ",\"outputs\":[{\"name\":\"difference\"},{\"name\":\"sum\"}]}";
    assertOutputs(server.post(ADD, "{" + INPUTS + both), "difference", "sum");
  }

  @ParameterizedTest
  @ValueSource(strings = {"name", "shape", "datatype", "data"})
  @DisplayName("An input has a name, a shape, a datatype and data")
  void inputFields(String field, TestServer server) {
    String without = A.replaceFirst("\"" + field + "\":", "\"other\":");
    server
        .post(ADD, "{\"inputs\":[" + without + "," + B + "]}")
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains("has no \"" + field + "\"");
  }

  @Test
  @DisplayName("The response has the model's name and version, and its outputs")
  void responseFields(TestServer server) {
    JsonNode reply = server.post(ADD, "{" + INPUTS + "}").ok();
    assertThat(reply.propertyStream().map(Map.Entry::getKey))
        .containsExactlyInAnyOrder("model_name", "model_version", "outputs");
    assertThat(reply.get("model_version").isTextual()).isTrue();
  }

  @Test
  @DisplayName("A response's output has a name, a shape, a datatype and data")
  void outputFields(TestServer server) {
    for (JsonNode output : server.post(ADD, "{" + INPUTS + "}").ok().get("outputs")) {
      assertThat(output.propertyStream().map(Map.Entry::getKey))
          .containsExactlyInAnyOrder("name", "shape", "datatype", "data");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"inputs\":[]}", "{}", "[", ""})
  @DisplayName("A failed request is indicated by an error status and an object with the error")
  void error(String body, TestServer server) {
    server.post(ADD, body).refused(ErrorCode.INVALID_ARGUMENT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "BOOL | [true,false,true,false,false,true]",
        "UINT8 | [0,1,127,128,254,255]",
        "INT8 | [-128,-1,0,1,126,127]",
        "INT16 | [-32768,-1,0,1,2,32767]",
        "INT32 | [-2147483648,-1,0,1,2,2147483647]",
        "INT64 | [-9223372036854775808,9007199254740993,0,-9007199254740993,1,9223372036854775807]",
        "FP32 | [0.1,-0.0,1.4E-45,3.4028235E38,16777216.0,-1.5]",
        "FP64 | [0.1,-0.0,4.9E-324,1.7976931348623157E308,9.007199254740993E15,-1.5]",
        "BYTES | [``,`a`,`caf\u00e9`,`\u4eca\u5929`,`a\\u0000b`,`\ud83d\ude00`]",
      })
  @DisplayName("Tensor data is row-major, as nested arrays or flat, and exact for its datatype")
  void tensorData(Datatype datatype, String elements, TestServer server) {
    String flat = elements.replace('`', '"');
    String[] each = flat.substring(1, flat.length() - 1).split(",", -1);
    String nested = "[[%s,%s,%s],[%s,%s,%s]]".formatted((Object[]) each);
    for (String data : new String[] {flat, nested}) {
      JsonNode output = identity(server, datatype, "[2,3]", data).ok().get("outputs").get(0);
      assertThat(output.get("name").textValue()).isEqualTo("y");
      assertThat(output.get("datatype").textValue()).isEqualTo(datatype.name());
      assertThat(output.get("shape")).hasToString("[2,3]");
      assertThat(output.get("data")).hasToString(Fixtures.tree(flat).toString());
    }
    JsonNode none = identity(server, datatype, "[0,3]", "[]").ok().get("outputs").get(0);
    assertThat(none.get("shape")).hasToString("[0,3]");
    assertThat(none.get("data")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(names = {"FP16", "BF16"})
  @DisplayName("FP16 has no JSON representation, so it is refused")
  void halfPrecision(Datatype datatype, TestServer server) {
    identity(server, datatype, "[1,3]", "[1,2,3]")
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains(datatype.name())
        .contains("binary");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "BOOL | [1,0,1]",
        "UINT8 | [1,2,256]",
        "INT8 | [1,2,-129]",
        "INT16 | [1,2,3.5]",
        "INT32 | [1,2,\"3\"]",
        "INT64 | [1,2,9223372036854775808]",
        "FP32 | [1,2,true]",
        "FP64 | [1,2,1e400]",
        "BYTES | [\"a\",\"b\",3]",
      })
  @DisplayName("An element of an unexpected type is an error")
  void unexpectedValues(Datatype datatype, String data, TestServer server) {
    identity(server, datatype, "[1,3]", data)
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains(datatype.name());
  }

  @Test
  @DisplayName("Values that are no tensors are given as BYTES")
  void otherValues(TestServer server) {
    String request =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[0.25,0.5,1]}]}";
    JsonNode output =
        server.post("/v2/models/map-string/infer", request).ok().get("outputs").get(0);
    assertThat(output.get("datatype").textValue()).isEqualTo("BYTES");
    assertThat(output.get("shape")).hasToString("[1]");
    assertThat(Fixtures.tree(output.get("data").get(0).textValue()))
        .isEqualTo(Fixtures.tree("{\"red\":0.25,\"green\":0.5,\"bl\u00fce\":1.0}"));
  }

  private static Reply identity(TestServer server, Datatype datatype, String shape, String data) {
    return server.post(
        "/v2/models/identity-" + datatype.name().toLowerCase(Locale.ROOT) + "/infer",
        "{\"inputs\":[{\"name\":\"x\",\"shape\":%s,\"datatype\":\"%s\",\"data\":%s}]}"
            .formatted(shape, datatype, data));
  }

  private static void assertOutputs(Reply reply, String... names) {
    assertThat(reply.ok().get("outputs"))
        .extracting(o -> o.get("name").textValue())
        .containsExactly(names);
  }
}
