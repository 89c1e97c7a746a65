package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.config.HttpConfig;
import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfigs;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelControl;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.runtime.OnnxRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map.Entry;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The document describes what the code has: its routes, its errors, its datatypes. */
class OpenApiTest {
  private static JsonNode document;

  @BeforeAll
  static void read() throws IOException {
    FakeExchange exchange = new FakeExchange("GET");
    new ResourceHandler("/openapi.json", Json.CONTENT_TYPE).handle(exchange);
    assertThat(exchange.reply).isNotNull();
    document = Fixtures.tree(exchange.reply);
  }

  @Test
  void describesEveryRouteAndNoOther(@TempDir Path models) {
    List<String> routes =
        routes(models).stream().map(route -> route.method() + " " + route.path()).toList();
    List<String> described = new ArrayList<>();
    for (Entry<String, JsonNode> path : document.path("paths").properties()) {
      for (Entry<String, JsonNode> operation : path.getValue().properties()) {
        described.add(operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey());
      }
    }

    assertThat(described).containsExactlyInAnyOrderElementsOf(routes);
  }

  @Test
  void saysWhatNeedsNoKey(@TempDir Path models) {
    List<String> open = new ArrayList<>();
    for (Entry<String, JsonNode> path : document.path("paths").properties()) {
      for (JsonNode operation : path.getValue()) {
        if (operation.has("security")) {
          assertThat(operation.path("security")).isEmpty();
          open.add(path.getKey());
        }
      }
    }

    assertThat(open)
        .containsExactlyInAnyOrderElementsOf(
            routes(models).stream().filter(route -> !route.isGuarded()).map(Route::path).toList());
    assertThat(document.at("/components/securitySchemes/apiKey/name").asText())
        .isEqualTo(ApiKeys.HEADER);
  }

  @Test
  void namesEveryPartOfAPathAsAParameter() {
    for (Entry<String, JsonNode> path : document.path("paths").properties()) {
      for (JsonNode operation : path.getValue()) {
        List<String> named = new ArrayList<>();
        for (JsonNode parameter : operation.path("parameters")) {
          JsonNode found = resolved(parameter);
          if (found.path("in").asText().equals("path")) {
            named.add("{" + found.path("name").asText() + "}");
          }
        }
        List<String> parts =
            Stream.of(path.getKey().split("/")).filter(part -> part.startsWith("{")).toList();

        assertThat(named).as(path.getKey()).isEqualTo(parts);
      }
    }
  }

  @Test
  void listsTheErrorCodes() {
    assertThat(texts(document.at("/components/schemas/Error/properties/code/enum")))
        .containsExactly(Stream.of(ErrorCode.values()).map(ErrorCode::name).toArray(String[]::new));
  }

  /**
   * METHOD_NOT_ALLOWED is left to "default": an operation never answers its own method so. And a
   * prediction loads no model.
   */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"METHOD_NOT_ALLOWED", "LOAD_FAILED"})
  void givesEveryErrorOfAPredictionItsStatus(ErrorCode code) {
    String status = Integer.toString(ErrorMapper.status(code));
    for (JsonNode path : document.path("paths")) {
      JsonNode responses = path.path("post").path("responses");
      if (responses.isMissingNode() || path.at("/post/tags/0").asText().equals("control")) {
        continue;
      }
      JsonNode response = resolved(responses.path(status));
      JsonNode allowed = response.at("/content/application~1json/schema/allOf/1/properties/code");

      assertThat(
              allowed.has("const")
                  ? List.of(allowed.path("const").asText())
                  : texts(allowed.path("enum")))
          .contains(code.name());
      assertThat(response.path("headers").has(ErrorMapper.RETRY_AFTER))
          .isEqualTo(ErrorMapper.isTemporary(code));
    }
  }

  @Test
  void listsTheDatatypes() {
    assertThat(texts(document.at("/components/schemas/Datatype/enum")))
        .containsExactly(Stream.of(Datatype.values()).map(Datatype::name).toArray(String[]::new));
  }

  @Test
  void everyReferenceLeadsSomewhere() {
    List<JsonNode> references = document.findValues("$ref");

    assertThat(references).isNotEmpty();
    assertThat(references)
        .allSatisfy(reference -> assertThat(target(reference).isMissingNode()).isFalse());
  }

  private static List<Route> routes(Path models) {
    RepositoryConfig folder = new RepositoryConfig(models, Optional.empty());
    ModelRepository repository = ModelRepository.scan(folder, RuntimeConfigs.of(1, 1, 1));
    Duration second = Duration.ofSeconds(1);
    HttpConfig config =
        new HttpConfig("localhost", 0, 1, second, second, 8, 100, true, second, second);
    try (Metrics metrics = new Metrics()) {
      List<Route> routes =
          new ArrayList<>(
              Routes.service(
                  config,
                  repository,
                  metrics,
                  new HealthHandler(repository, () -> Phase.SERVING, "test"),
                  "test",
                  Optional.empty()));
      routes.addAll(Routes.control(control(repository, models)));
      routes.add(Routes.metrics(metrics));
      return routes;
    }
  }

  private static ModelControl control(ModelRepository repository, Path models) {
    return new ModelControl(
        repository,
        models,
        RuntimeConfigs.of(1, 1, 1),
        OnnxRuntime::load,
        new Nobody(),
        Duration.ZERO);
  }

  private static JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? target(node.path("$ref")) : node;
  }

  private static JsonNode target(JsonNode reference) {
    return document.at(reference.asText().substring(1));
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(element -> texts.add(element.asText()));
    return texts;
  }
}
