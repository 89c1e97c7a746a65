package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Models that come and go; what is refused is in {@link ModelControlRefusalsTest}. */
@Timeout(240)
class ModelControlTest {
  @AutoClose private final ControlledModels models;

  ModelControlTest(@TempDir Path folder) throws IOException {
    models = new ControlledModels(folder);
  }

  @Test
  void theSameVersionIsSwapped() throws Exception {
    LoadedModel before = models.target("iris");
    assertThat(models.load("iris")).containsExactly(1L);
    assertThat(models.target("iris")).isNotSameAs(before);
    assertThat(models.told()).containsExactly("comes iris 1");
  }

  @Test
  void whatServedLivesUntilItsLastRequestIsAnswered() throws Exception {
    FutureTask<?> loading = new FutureTask<>(() -> models.load("iris"));
    try (Lease lease = models.repository.acquire(Optional.of("iris"), OptionalLong.empty())) {
      Thread.ofPlatform().daemon().start(loading);
      while (models.target("iris").equals(lease.target())) {
        Thread.onSpinWait();
      }
      assertThat(loading).isNotDone();
      run(lease);
    }
    loading.get();
  }

  @Test
  void patienceEndsBeforeARequestThatHangs() {
    models.patience(Duration.ZERO);
    try (Lease lease = models.repository.acquire(Optional.of("iris"), OptionalLong.empty())) {
      models.load("iris");
      models.unload("iris");
      run(lease);
    }
  }

  @Test
  void aHigherVersionTakesThePlaceOfTheOld() throws IOException {
    models.put("versions/2", "iris/2");
    assertThat(models.index()).containsExactly("iris 1 ready", "iris 2 not loaded");
    assertThat(models.repository.versions("iris")).containsExactly(1L);
    assertThat(models.load("iris")).containsExactly(2L);
    assertThat(models.repository.versions("iris")).containsExactly(2L);
    assertThat(models.index()).containsExactly("iris 1 unloaded", "iris 2 ready");
    assertThat(models.told()).containsExactly("comes iris 2", "goes iris 1");
  }

  @Test
  void modelJsonIsReadAnew() throws IOException {
    models.put("versions/2", "iris/2");
    Files.writeString(models.folder.resolve("iris/model.json"), "{\"versions\": \"all\"}");
    assertThat(models.load("iris")).containsExactly(1L, 2L);
    Files.writeString(models.folder.resolve("iris/model.json"), "{\"versions\": [1]}");
    assertThat(models.load("iris")).containsExactly(1L);
  }

  @Test
  void aModelThatIsNewInTheFolderAppears() throws IOException {
    models.put("fixed", "wine");
    assertThat(models.load("wine")).containsExactly(1L);
    assertThat(models.index()).containsExactly("iris 1 ready", "wine 1 ready");
    assertThat(theDefault()).isEqualTo("iris");
  }

  @Test
  void theLoneModelAppearsToo() throws IOException {
    models.put("fixed", "");
    assertThat(models.load("model")).containsExactly(1L);
    assertThat(theDefault()).isEqualTo("model");
  }

  @Test
  void anUnloadedModelIsNotFoundAndCanComeBack() {
    models.unload("iris");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> models.target("iris"))
        .returns(ErrorCode.NOT_FOUND, InferenceException::code)
        .withMessage("there is no model 'iris', only []");
    assertThat(models.index()).containsExactly("iris 1 unloaded");
    models.unload("iris");
    assertThat(models.load("iris")).containsExactly(1L);
    assertThat(models.index()).containsExactly("iris 1 ready");
    assertThat(models.told()).containsExactly("goes iris 1", "comes iris 1");
  }

  @Test
  void whatLoadsIsToldInTheIndex() throws IOException {
    models.put("fixed", "wine");
    List<String> meanwhile = new ArrayList<>();
    models.loading(() -> meanwhile.addAll(models.index()));
    models.load("wine");
    models.load("iris");
    assertThat(meanwhile)
        .containsExactly("iris 1 ready", "wine 1 loading", "iris 1 ready", "wine 1 ready");
  }

  @Test
  void itsEndWaitsForAnOperationOnlySoLong() {
    AtomicBoolean ended = new AtomicBoolean(true);
    models.beginning(() -> ended.set(CompletableFuture.supplyAsync(() -> models.ends(1)).join()));
    models.load("iris");
    assertThat(ended).isFalse();
  }

  private String theDefault() {
    return models.repository.find(Optional.empty(), OptionalLong.empty()).model();
  }

  private static void run(Lease lease) {
    Tensor x = lease.target().pool().acquire(Datatype.FP32, Shape.of(1, 3));
    try (InferenceRequest request =
            new InferenceRequest(
                Map.of("x", x), List.of("y"), Deadline.after(ControlledModels.PATIENCE));
        InferenceResponse response = lease.target().batcher().run(request)) {
      assertThat(response.outputs()).containsKey("y");
    }
  }
}
