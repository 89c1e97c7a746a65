package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.inference.ErrorCode;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.assertj.core.api.AbstractStringAssert;

/** What the server answered. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Reply(int status, HttpHeaders headers, byte[] body) {
  /** What would tell of the server's insides: Java and C++ sources, stack traces, paths. */
  private static final Pattern INSIDES =
      Pattern.compile(
          "\\.java\\b|\\.cc\\b|\\.h:\\d|\\bat [a-z]+\\.|Exception|jetty|javalin|(?<![\\w.])/(home|tmp|work|usr|opt|onnxruntime)\\b"
              + "|src/test|model\\.onnx|\\[Source:",
          Pattern.CASE_INSENSITIVE);

  /** The reply in a server's raw text, with its head and a body of the length that it names. */
  static Reply parse(String raw) {
    int end = raw.indexOf("\r\n\r\n");
    assertThat(end).as(raw).isPositive();
    String[] lines = raw.substring(0, end).split("\r\n", -1);
    assertThat(lines[0]).startsWith("HTTP/1.1 ");
    var headers = new TreeMap<String, List<String>>();
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      headers
          .computeIfAbsent(lines[i].substring(0, colon), name -> new ArrayList<>())
          .add(lines[i].substring(colon + 1).strip());
    }
    return new Reply(
        Integer.parseInt(lines[0].substring(9, 12)),
        HttpHeaders.of(headers, (name, value) -> true),
        raw.substring(end + 4).getBytes(StandardCharsets.ISO_8859_1));
  }

  String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  JsonNode json() {
    return Fixtures.tree(text());
  }

  String header(String name) {
    return headers.firstValue(name).orElse("");
  }

  /** The reply as JSON, which must be a success. */
  JsonNode ok() {
    assertThat(status).as(text()).isEqualTo(200);
    assertThat(header("Content-Type")).isEqualTo("application/json");
    return json();
  }

  /** A success that may have tensors behind its JSON. */
  JsonNode binaryOk() {
    assertThat(status).as(text()).isEqualTo(200);
    assertThat(header("Content-Type")).isEqualTo("application/octet-stream");
    return Fixtures.tree(new String(body, 0, jsonLength(), StandardCharsets.UTF_8));
  }

  /** What is behind the JSON, in hexadecimal. */
  String binary() {
    return HexFormat.of().formatHex(body, jsonLength(), body.length);
  }

  private int jsonLength() {
    return Integer.parseInt(header("Inference-Header-Content-Length"));
  }

  /** The message of the error, which must have this code, its status, and the one shape. */
  AbstractStringAssert<?> refused(ErrorCode code) {
    return refused(ErrorMapper.status(code), code);
  }

  /** The message of the error, which must have this status and code, and the one shape. */
  AbstractStringAssert<?> refused(int expectedStatus, ErrorCode code) {
    assertThat(header("X-Request-Id")).as("every reply has an id").isNotEmpty();
    assertThat(header("Server-Timing")).as("every reply is timed").startsWith("total;dur=");
    assertThat(status).as(text()).isEqualTo(expectedStatus);
    assertThat(header("Content-Type")).isEqualTo("application/json");
    JsonNode error = json();
    assertThat(error.propertyStream().map(Map.Entry::getKey)).containsExactly("error", "code");
    assertThat(error.get("code").textValue()).isEqualTo(code.name());
    assertThat(headers.firstValue("Retry-After").isPresent()).isEqualTo(status == 503);
    String message = error.get("error").textValue();
    assertThat(message).isNotBlank().doesNotContainPattern(INSIDES);
    return assertThat(message);
  }
}
