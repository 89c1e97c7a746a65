package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.ErrorCode;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The protocol's binary tensor data extension, sentence by sentence. */
@BothDoors
class BinaryTensorsIT {
  private static final String ADD = "/v2/models/add/infer";
  private static final String FP32 = "/v2/models/identity-fp32/infer";
  private static final byte[] ROW = BinaryBody.floats(1, 2, 3);
  private static final String ALL = "\"parameters\":{\"binary_data_output\":true},";

  @AfterEach
  void servesTheNextRequest(TestServer server) {
    BinaryBody.of("x", "[1,3]", "FP32", ROW).post(server, FP32).ok();
    server.get("/health").ok();
  }

  @Test
  @DisplayName("The server lists the extension")
  void listed(TestServer server) {
    assertThat(server.get("/v2").ok().get("extensions").toString()).contains("binary_tensor_data");
  }

  @ParameterizedTest
  @CsvSource({
    "BOOL, 000100",
    "UINT8, 00ff80",
    "INT8, 00ff80",
    "INT16, 0001ff7f0080",
    "INT32, 01000000ffffff7f00000080",
    "INT64, 0100000000000000ffffffffffffff7f0000000000000080",
    "FP16, 003c007cff03",
    "BF16, 803f807fc17f",
    "FP32, 0000803f0000807f010000ff",
    "FP64, 000000000000f03f000000000000f87f0100000000000080",
    "BYTES, 00000000" + "02000000c3a9" + "04000000f09f9880",
  })
  @DisplayName("All datatypes go in and out in binary form, little-endian, to the bit")
  void datatypes(Datatype datatype, String hex, TestServer server) {
    String path = "/v2/models/identity-" + datatype.name().toLowerCase(Locale.ROOT) + "/infer";
    byte[] data = HexFormat.of().parseHex(hex);
    String input = BinaryBody.input("x", "[1,3]", datatype.name(), data.length);
    BinaryBody body = BinaryBody.of("{" + ALL + "\"inputs\":[" + input + "]}", data);
    Reply reply = body.post(server, path);
    JsonNode output = reply.binaryOk().get("outputs").get(0);
    assertThat(output)
        .isEqualTo(
            Fixtures.tree(
                "{\"name\":\"y\",\"datatype\":\"%s\",\"shape\":[1,3],\"parameters\":{\"binary_data_size\":%d}}"
                    .formatted(datatype, data.length)));
    assertThat(reply.binary()).isEqualTo(hex);
  }

  @Test
  @DisplayName("Binary data is in the order of the inputs, and of the outputs")
  void order(TestServer server) {
    String a = BinaryBody.input("a", "[1,3]", "FP32", 12);
    String b = BinaryBody.input("b", "[1,3]", "FP32", 12);
    String json = "{" + ALL + "\"inputs\":[" + b + "," + a + "]}";
    Reply reply = BinaryBody.of(json, ROW, BinaryBody.floats(10, 20, 30)).post(server, ADD);
    assertThat(reply.binaryOk().get("outputs").findValuesAsText("name"))
        .containsExactly("sum", "difference");
    assertThat(reply.binary())
        .isEqualTo(
            HexFormat.of().formatHex(BinaryBody.floats(11, 22, 33))
                + HexFormat.of().formatHex(BinaryBody.floats(9, 18, 27)));
    assertThat(reply.header("Content-Length")).isEqualTo(Integer.toString(reply.body().length));
  }

  @Test
  @DisplayName("Some tensors may be JSON, others binary, in and out")
  void mixed(TestServer server) {
    String a = "{\"name\":\"a\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[10,20,30]}";
    String b = BinaryBody.input("b", "[1,3]", "FP32", 12);
    String outputs =
        "\"outputs\":[{\"name\":\"difference\"},{\"name\":\"sum\",\"parameters\":{\"binary_data\":true}}]";
    String json = "{\"id\":\"7\"," + outputs + ",\"inputs\":[" + a + "," + b + "]}";
    Reply reply = BinaryBody.of(json, ROW).post(server, ADD);
    JsonNode read = reply.binaryOk();
    assertThat(read.get("id").textValue()).isEqualTo("7");
    assertThat(read.at("/outputs/0/data")).hasToString("[9.0,18.0,27.0]");
    assertThat(read.at("/outputs/1/parameters/binary_data_size").intValue()).isEqualTo(12);
    assertThat(reply.binary()).isEqualTo(HexFormat.of().formatHex(BinaryBody.floats(11, 22, 33)));
  }

  @Test
  @DisplayName("A reply without binary data is JSON and has no header length")
  void noneWanted(TestServer server) {
    Reply reply = BinaryBody.of("x", "[1,3]", "FP32", ROW).post(server, FP32);
    assertThat(reply.ok().at("/outputs/0/data")).hasToString("[1.0,2.0,3.0]");
    assertThat(reply.header("Inference-Header-Content-Length")).isEmpty();
  }

  @Test
  @DisplayName("A JSON request may have a binary reply")
  void onlyTheReply(TestServer server) {
    String input = "{\"name\":\"x\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]}";
    Reply reply = server.post(FP32, "{" + ALL + "\"inputs\":[" + input + "]}");
    reply.binaryOk();
    assertThat(reply.binary()).isEqualTo(HexFormat.of().formatHex(ROW));
  }

  @Test
  @DisplayName("Values that are no tensors are BYTES, one JSON text each")
  void otherValues(TestServer server) {
    String input = BinaryBody.input("x", "[1,3]", "FP32", 12);
    BinaryBody body =
        BinaryBody.of("{" + ALL + "\"inputs\":[" + input + "]}", BinaryBody.floats(0.25f, 0.5f, 1));
    Reply reply = body.post(server, "/v2/models/map-string/infer");
    assertThat(reply.binaryOk().at("/outputs/0/shape")).hasToString("[1]");
    byte[] element = HexFormat.of().parseHex(reply.binary().substring(8));
    assertThat(Fixtures.tree(new String(element, StandardCharsets.UTF_8)))
        .isEqualTo(Fixtures.tree("{\"red\":0.25,\"green\":0.5,\"bl\u00fce\":1.0}"));
  }

  @Test
  @DisplayName("Classes are BYTES too")
  void classes(TestServer server) {
    String input = BinaryBody.input("x", "[1,3]", "FP32", 12);
    String output = "{\"name\":\"y\",\"parameters\":{\"classification\":1,\"binary_data\":true}}";
    Reply reply =
        BinaryBody.of("{\"inputs\":[" + input + "],\"outputs\":[" + output + "]}", ROW)
            .post(server, FP32);
    assertThat(reply.binaryOk().at("/outputs/0/datatype").textValue()).isEqualTo("BYTES");
    assertThat(reply.binary()).isEqualTo(HexFormat.of().formatHex(BinaryBody.texts("3.0:2")));
  }

  @Test
  @DisplayName("A header length of 0 is a raw request, answered in binary form")
  void raw(TestServer server) {
    Reply reply = new BinaryBody(ROW, 0).post(server, FP32);
    assertThat(reply.binaryOk().at("/outputs/0/shape")).hasToString("[1,3]");
    assertThat(reply.binary()).isEqualTo(HexFormat.of().formatHex(ROW));
    var typed =
        server
            .request(FP32)
            .header("Content-Type", "application/octet-stream")
            .header("Inference-Header-Content-Length", "0");
    assertThat(server.send(typed.POST(BodyPublishers.ofByteArray(ROW))).body())
        .isEqualTo(reply.body());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "application/json",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
      })
  @DisplayName("The content type may be that of the whole, of its JSON, or none")
  void contentTypes(String type, TestServer server) {
    BinaryBody body = BinaryBody.of("x", "[1,3]", "FP32", ROW);
    var request =
        server
            .request(FP32)
            .header("Inference-Header-Content-Length", Integer.toString(body.jsonLength()));
    if (!type.isEmpty()) {
      request.header("Content-Type", type);
    }
    server.send(request.POST(BodyPublishers.ofByteArray(body.bytes()))).ok();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "abc", "99999999999", "1000", "9223372036854775808", "1.5", ""})
  @DisplayName("A header length that cannot be is an error")
  void wrongHeaders(String length, TestServer server) {
    BinaryBody body = BinaryBody.of("x", "[1,3]", "FP32", ROW);
    var request = server.request(FP32).header("Inference-Header-Content-Length", length);
    server
        .send(request.POST(BodyPublishers.ofByteArray(body.bytes())))
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains("Inference-Header-Content-Length");
  }

  @Test
  @DisplayName("Two header lengths are an error, even if they agree")
  void twoHeaders(TestServer server) {
    String header = "Inference-Header-Content-Length: 2\n";
    String head = "POST " + FP32 + " HTTP/1.1\nHost: a\nConnection: close\nContent-Length: 2\n";
    Reply.parse(server.raw(head + header + header + "\n{}"))
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains("more than once");
  }

  @Test
  @DisplayName("What does not fit together is an error")
  void malformed(TestServer server) {
    refused(server, BinaryBody.of("x", "[1,3]", "FP32", new byte[11]), "11 bytes");
    refused(server, BinaryBody.of("x", "[2,3]", "FP32", ROW), "6 elements");
    refused(server, BinaryBody.of("x", "[4294967296,4294967296]", "FP32", ROW), "[-1,3]");
    refused(server, BinaryBody.of("x", "[6148914691236517205,3]", "FP32", ROW), "too large");
    String input = BinaryBody.input("x", "[1,3]", "FP32", 12);
    String json = "{\"inputs\":[" + input + "]}";
    refused(server, BinaryBody.of(json, new byte[8]), "8 are left");
    refused(server, BinaryBody.of(json, new byte[13]), "goes on for 1 bytes");
    String huge = json.replace(":12}", ":9223372036854775807}");
    refused(server, BinaryBody.of(huge, ROW), "12 are left");
    refused(server, BinaryBody.of(json.replace(":12}", ":-12}"), ROW), "'binary_data_size'");
    refused(server, BinaryBody.of(json.replace(":12}", ":12.0}"), ROW), "'binary_data_size'");
    server
        .post(FP32, json)
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains("Inference-Header-Content-Length");
    new BinaryBody(ROW, 0).post(server, ADD).refused(ErrorCode.INVALID_ARGUMENT).contains("inputs");
    new BinaryBody(new byte[0], 0).post(server, FP32).refused(ErrorCode.INVALID_ARGUMENT);
    BinaryBody.of("x", "[1,3]", "BOOL", new byte[] {0, 1, 2})
        .post(server, "/v2/models/identity-bool/infer")
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains("got 2 at byte 2");
    BinaryBody.of("x", "[1,3]", "BYTES", HexFormat.of().parseHex("ffffffff000000000000"))
        .post(server, "/v2/models/identity-bytes/infer")
        .refused(ErrorCode.INVALID_ARGUMENT)
        .contains("4294967295 bytes");
  }

  @Test
  @DisplayName("A client that takes nothing but tensors gets no JSON")
  void notAcceptable(TestServer server) {
    String input = "{\"name\":\"x\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]}";
    String inputs = "\"inputs\":[" + input + "]}";
    var request = server.request(FP32).header("Accept", "application/octet-stream");
    server.send(request.POST(BodyPublishers.ofString("{" + ALL + inputs))).binaryOk();
    server
        .send(request.POST(BodyPublishers.ofString("{" + inputs)))
        .refused(ErrorCode.NOT_ACCEPTABLE);
  }

  private static void refused(TestServer server, BinaryBody body, String said) {
    body.post(server, FP32).refused(ErrorCode.INVALID_ARGUMENT).contains(said);
  }
}
