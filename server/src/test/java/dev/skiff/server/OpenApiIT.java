package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.skiff.server.config.CommandLine;
import dev.skiff.server.config.CommandLine.Request.Serve;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A server answers as its {@code /openapi.json} says: every GET, every example of a request, and
 * every error that a single request can bring about. A reply may have no field that is not
 * described.
 */
class OpenApiIT {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir static Path models;

  private static HttpClient client;
  private static Server server;
  private static JsonNode document;

  /**
   * A request and the answer that it must get.
   *
   * @param template the path as the document has it
   */
  record Sample(
      String method,
      String template,
      String path,
      Map<String, String> headers,
      String body,
      int status) {
    @Override
    public String toString() {
      return method + " " + path + " " + headers + " -> " + status;
    }
  }

  @BeforeAll
  static void start() throws Exception {
    for (String file : List.of("model.onnx", "model.json")) {
      copy(ROOT.resolve("models/iris").resolve(file), models.resolve("iris"));
    }
    copy(Path.of("src/test/fixtures/broken/model.onnx"), models.resolve("broken"));
    String[] arguments = {
      models.toString(),
      "--port=0",
      "--host=127.0.0.1",
      "--log-level=error",
      "--max-request-bytes=1KiB",
      "--model-control=explicit"
    };
    Serve serve = (Serve) CommandLine.parse(arguments, Map.of(), "test");
    server = Server.start(serve.config(), "test");
    server.awaitModels();
    client = HttpClient.newHttpClient();
    document = MAPPER.readTree(send("GET", "/openapi.json", Map.of(), "").body());
  }

  @AfterAll
  static void stop() {
    client.close();
    server.stop();
  }

  private static void copy(Path file, Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.copy(file, folder.resolve(file.getFileName()));
  }

  static List<Sample> samples() {
    List<Sample> samples = new ArrayList<>();
    for (Entry<String, JsonNode> path : document.path("paths").properties()) {
      String template = path.getKey();
      String iris = template.replace("{model}", "iris").replace("{version}", "1");
      if (path.getValue().has("get")) {
        samples.add(new Sample("GET", template, iris, Map.of(), "", 200));
        samples.add(new Sample("POST", template, iris, Map.of(), "{}", 405));
        continue;
      }
      for (JsonNode example : requestExamples(template)) {
        samples.add(new Sample("POST", template, iris, Map.of(), example.toString(), 200));
      }
      String good = requestExamples(template).getFirst().toString();
      String wrong = isPrediction(template) ? "{}" : "[]";
      samples.add(new Sample("POST", template, iris, Map.of(), wrong, 400));
      samples.add(new Sample("GET", template, iris, Map.of(), "", 405));
      samples.add(new Sample("POST", template, iris, Map.of("Accept", "image/png"), good, 406));
      samples.add(new Sample("POST", template, iris, Map.of(), " ".repeat(2000), 413));
      samples.add(
          new Sample("POST", template, iris, Map.of("Content-Type", "text/plain"), good, 415));
    }
    for (String template : templates("{model}")) {
      String method = document.path("paths").path(template).has("get") ? "GET" : "POST";
      String absent = template.replace("{model}", "absent").replace("{version}", "1");
      String broken = template.replace("{model}", "broken").replace("{version}", "1");
      samples.add(new Sample(method, template, absent, Map.of(), "{}", 404));
      if (isPrediction(template)) {
        samples.add(new Sample(method, template, broken, Map.of(), "{}", 503));
      }
    }
    String load = "/v2/repository/models/{model}/load";
    samples.add(new Sample("POST", load, load.replace("{model}", "broken"), Map.of(), "{}", 422));
    return samples;
  }

  private static boolean isPrediction(String template) {
    return !template.startsWith("/v2/repository/");
  }

  @ParameterizedTest
  @MethodSource("samples")
  void answersAsDescribed(Sample sample) throws Exception {
    HttpResponse<String> reply =
        send(sample.method(), sample.path(), sample.headers(), sample.body());

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(sample.status());
    JsonNode path = document.path("paths").path(sample.template());
    JsonNode responses = path.elements().next().path("responses");
    String status = Integer.toString(sample.status());
    JsonNode response = resolved(responses.path(responses.has(status) ? status : "default"));
    for (Entry<String, JsonNode> header : response.path("headers").properties()) {
      assertThat(reply.headers().firstValue(header.getKey())).as(header.getKey()).isPresent();
    }
    String type = reply.headers().firstValue("Content-Type").orElseThrow().split(";", 2)[0];
    assertThat(response.path("content").has(type)).as(type).isTrue();
    if (type.equals("application/json")) {
      JsonNode schema = response.path("content").path(type).path("schema");
      assertThat(problems(schema, MAPPER.readTree(reply.body()), "")).isEmpty();
    }
  }

  /** The checks can fail: a reply lacks nothing and has nothing extra by chance. */
  @ParameterizedTest
  @MethodSource("wrongReplies")
  void aReplyThatIsNotAsDescribedIsFound(String schema, String reply, String problem)
      throws Exception {
    JsonNode described = document.path("components").path("schemas").path(schema);

    assertThat(problems(described, MAPPER.readTree(reply), "")).containsExactly(problem);
  }

  static Object[][] wrongReplies() {
    return new Object[][] {
      {"Error", "{\"code\": \"NOT_FOUND\"}", " lacks error"},
      {"Error", "{\"error\": \"x\", \"code\": \"LOST\"}", "/code is not described: \"LOST\""},
      {"Error", "{\"error\": 1, \"code\": \"NOT_FOUND\"}", "/error is not a [string]: 1"},
      {"Durations", "{\"count\": 1, \"ns\": 2, \"ms\": 3}", "/ms is not described"},
      {"PredictReply", "{\"score\": 1}", " is none or several of the alternatives"},
    };
  }

  private static HttpResponse<String> send(
      String method, String path, Map<String, String> headers, String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    headers.forEach(request::header);
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static List<JsonNode> requestExamples(String template) {
    JsonNode body = document.path("paths").path(template).path("post").path("requestBody");
    return resolved(body).at("/content/application~1json/examples").findValues("value");
  }

  private static List<String> templates(String part) {
    return document
        .path("paths")
        .propertyStream()
        .map(Entry::getKey)
        .filter(path -> path.contains(part))
        .toList();
  }

  /** What in the value is not as the schema says; knows as much of JSON Schema as is used. */
  private static List<String> problems(JsonNode reference, JsonNode value, String place) {
    JsonNode schema = resolved(reference);
    List<String> problems = new ArrayList<>();
    if (schema.has("type") && types(schema).noneMatch(type -> isA(type, value))) {
      problems.add(place + " is not a " + types(schema).toList() + ": " + value);
    }
    if (schema.has("const") && !schema.path("const").equals(value)) {
      problems.add(place + " is not described: " + value);
    }
    if (schema.has("enum") && schema.path("enum").valueStream().noneMatch(value::equals)) {
      problems.add(place + " is not described: " + value);
    }
    for (JsonNode name : schema.path("required")) {
      if (!value.has(name.asText())) {
        problems.add(place + " lacks " + name.asText());
      }
    }
    for (JsonNode part : schema.path("allOf")) {
      problems.addAll(problems(part, value, place));
    }
    long fitting =
        schema
            .path("oneOf")
            .valueStream()
            .filter(one -> problems(one, value, place).isEmpty())
            .count();
    if (schema.has("oneOf") && fitting != 1) {
      problems.add(place + " is none or several of the alternatives");
    }
    if (schema.has("items")) {
      for (int i = 0; i < value.size(); i++) {
        problems.addAll(problems(schema.path("items"), value.path(i), place + "/" + i));
      }
    }
    JsonNode properties = schema.path("properties");
    for (Entry<String, JsonNode> field : value.properties()) {
      String at = place + "/" + field.getKey();
      if (properties.has(field.getKey())) {
        problems.addAll(problems(properties.path(field.getKey()), field.getValue(), at));
      } else if (schema.has("required") && schema.has("properties")) {
        problems.add(at + " is not described");
      }
    }
    return problems;
  }

  private static Stream<String> types(JsonNode schema) {
    JsonNode type = schema.path("type");
    return type.isArray() ? type.valueStream().map(JsonNode::asText) : Stream.of(type.asText());
  }

  private static boolean isA(String type, JsonNode value) {
    return switch (type) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      case "null" -> value.isNull();
      default -> throw new AssertionError("unknown type " + type);
    };
  }

  private static JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? document.at(node.path("$ref").asText().substring(1)) : node;
  }
}
