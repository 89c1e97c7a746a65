package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skiff.server.BadInput;
import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfig;
import dev.skiff.server.config.RuntimeConfigs;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelControl;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelVersion;
import dev.skiff.server.runtime.OnnxRuntime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A request that is handed over to a thread, and what becomes of its model meanwhile. */
@Timeout(240)
class PredictionsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final RuntimeConfig DEFAULTS = RuntimeConfigs.of(1, 1, 8);

  private final Metrics metrics = new Metrics();
  private final ModelRepository repository;
  private final ModelControl control;
  private final PredictHandler handler;
  private final FakeExchange exchange = FakeExchange.to("slow");

  PredictionsTest(@TempDir Path folder) throws IOException {
    TestServer.folder(folder, "slow");
    repository = ModelRepository.scan(new RepositoryConfig(folder, Optional.empty()), DEFAULTS);
    repository.load(OnnxRuntime::load).join();
    control =
        new ModelControl(repository, folder, DEFAULTS, OnnxRuntime::load, new Nobody(), PATIENCE);
    handler = new PredictHandler(new Predictions(repository, metrics, PATIENCE, 1 << 20, 8));
    exchange.body =
        new Exchange.Body(
            "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[1]}}".getBytes(StandardCharsets.UTF_8));
    exchange.mayWait = false;
  }

  @AfterEach
  void close() {
    assertThat(repository.close(0)).as("no lease is left").isTrue();
    metrics.close();
  }

  @Test
  @BadInput(99)
  void itIsAnsweredThoughItsModelIsUnloaded() throws Exception {
    assertThatThrownBy(() -> handler.handle(exchange)).isSameAs(Postponed.INSTANCE);
    FutureTask<Boolean> unloading = new FutureTask<>(() -> control.unload("slow"), true);
    Thread.ofPlatform().daemon().start(unloading);
    while (!repository.versions("slow").isEmpty()) {
      Thread.onSpinWait();
    }
    assertThat(unloading).isNotDone();
    goOn();
    assertThat(unloading.get()).isTrue();
    assertThatThrownBy(() -> handler.handle(FakeExchange.to("slow")))
        .isInstanceOfSatisfying(
            InferenceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
  }

  @Test
  void itIsAnsweredByTheModelThatItMetFirst() throws Exception {
    assertThatThrownBy(() -> handler.handle(exchange)).isSameAs(Postponed.INSTANCE);
    FutureTask<Boolean> reloading =
        new FutureTask<>(() -> assertThat(control.load("slow")).containsExactly(1L), true);
    ModelVersion first = version();
    Thread.ofPlatform().daemon().start(reloading);
    while (version() == first) {
      Thread.onSpinWait();
    }
    assertThat(reloading).isNotDone();
    goOn();
    assertThat(reloading.get()).isTrue();
  }

  private ModelVersion version() {
    return repository.served("slow", 1).orElseThrow();
  }

  private void goOn() throws IOException {
    exchange.mayWait = true;
    handler.handle(exchange);
    assertThat(exchange.status).isEqualTo(200);
    assertThat(Fixtures.text(Objects.requireNonNull(exchange.reply)))
        .isEqualTo("{\"outputs\":[[2.0,3.0,4.0]]}");
  }
}
