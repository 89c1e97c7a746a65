package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfigs;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Probes while models load, fail or drain; without ONNX Runtime, so no model ever gets ready. */
class HealthHandlerTest {
  /** It tells of the faults that these tests cause. */
  private static final Logger LOGGER = Logger.getLogger(ModelRepository.class.getName());

  @TempDir Path folder;
  private Phase phase = Phase.SERVING;

  @BeforeEach
  void makeAModel() throws IOException {
    LOGGER.setLevel(Level.OFF);
    Files.createDirectory(folder.resolve("a"));
    Files.createFile(folder.resolve("a/model.onnx"));
  }

  @AfterEach
  void close() {
    LOGGER.setLevel(null);
  }

  @Test
  void isLoadingUntilEveryModelSettled() {
    ModelRepository repository = repository();
    assertNotReady(repository, "loading");
    JsonNode model = ask(handler(repository)::health).get("models").get(0);
    assertThat(model).hasToString("{\"name\":\"a\",\"version\":\"1\",\"state\":\"loading\"}");
  }

  @Test
  void isUnavailableWithoutAnyReadyModel() {
    ModelRepository repository = repository();
    repository
        .load(
            () -> {
              throw new IllegalStateException("no ONNX Runtime in this test");
            })
        .join();
    assertNotReady(repository, "unavailable");
    JsonNode model = ask(handler(repository)::health).get("models").get(0);
    assertThat(model.get("state").textValue()).isEqualTo("unavailable");
    assertThat(model.get("reason").textValue()).isEqualTo("it failed to load; the log says why");
  }

  @Test
  void isDrainingWhateverItsModelsDo() {
    phase = Phase.DRAINING;
    assertNotReady(repository(), "draining");
  }

  @Test
  void tellsThatAModelIsNotReady() throws IOException {
    FakeExchange exchange = FakeExchange.to("a");
    new MetadataHandler(repository(), "1.2.3", false).modelReady(exchange);
    assertThat(exchange.status).isEqualTo(503);
    assertThat(reply(exchange)).hasToString("{\"name\":\"a\",\"ready\":false}");
  }

  @Test
  void refusesRequestsToALoadingModel() {
    FakeExchange exchange = FakeExchange.to("a");
    Metrics metrics = new Metrics();
    Predictions predictions = new Predictions(repository(), metrics, Duration.ofSeconds(1), 1, 1);
    new Reception(metrics, false).receive(exchange, "/x", new PredictHandler(predictions));
    assertThat(exchange.status).isEqualTo(503);
    assertThat(exchange.replyHeaders).containsEntry("Retry-After", "1");
    assertThat(reply(exchange))
        .hasToString("{\"error\":\"model 'a' version 1 is loading\",\"code\":\"NOT_READY\"}");
  }

  private void assertNotReady(ModelRepository repository, String status) {
    HealthHandler handler = handler(repository);
    JsonNode health = ask(handler::health);
    assertThat(health.get("status").textValue()).isEqualTo(status);
    assertThat(health.get("version").textValue()).isEqualTo("1.2.3");
    assertThat(health.get("execution_provider").textValue()).isEmpty();
    assertThat(ask(handler::ready)).hasToString("{\"ready\":false}");
    FakeExchange live = new FakeExchange("GET");
    new Reception(new Metrics(), false).receive(live, "/x", handler::live);
    assertThat(live.status).isEqualTo(200);
    assertThat(reply(live)).hasToString("{\"live\":true}");
  }

  private static JsonNode ask(Handler handler) {
    FakeExchange exchange = new FakeExchange("GET");
    new Reception(new Metrics(), false).receive(exchange, "/x", handler);
    assertThat(exchange.status).isEqualTo(503);
    assertThat(exchange.replyHeaders)
        .containsEntry("Retry-After", "1")
        .containsEntry("Cache-Control", "no-store");
    return reply(exchange);
  }

  private static JsonNode reply(FakeExchange exchange) {
    return Fixtures.tree(Objects.requireNonNull(exchange.reply));
  }

  private HealthHandler handler(ModelRepository repository) {
    return new HealthHandler(repository, () -> phase, "1.2.3");
  }

  private ModelRepository repository() {
    return ModelRepository.scan(
        new RepositoryConfig(folder, Optional.empty()), RuntimeConfigs.of(1, 1, 1));
  }
}
