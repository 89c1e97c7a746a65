package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfig;
import dev.skiff.server.config.RuntimeConfigs;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.model.ModelVersion.Lease;
import dev.skiff.server.runtime.OnnxRuntime;
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
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Models that come and go, with real ones. */
@Timeout(60)
class ModelControlTest {
  private static final Path FIXTURES = Path.of("src/test/fixtures");
  private static final RuntimeConfig DEFAULTS = RuntimeConfigs.of(1, 1, 1);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Path folder;
  private final List<String> told = new ArrayList<>();
  private final ModelRepository repository;
  private Runnable beginning = () -> {};
  private ModelControl control;

  ModelControlTest(@TempDir Path folder) throws IOException {
    this.folder = folder;
    put("identity-fp32", "iris");
    repository = ModelRepository.scan(new RepositoryConfig(folder, Optional.empty()), DEFAULTS);
    repository.load(OnnxRuntime::load).join();
    control = control(PATIENCE);
  }

  @AfterEach
  void close() {
    assertThat(repository.close(0)).as("no lease is left").isTrue();
  }

  @Test
  void theSameVersionIsSwapped() throws Exception {
    LoadedModel before = target("iris");
    assertThat(control.load("iris")).containsExactly(1L);
    assertThat(target("iris")).isNotSameAs(before);
    assertThat(told).containsExactly("comes iris 1");
  }

  @Test
  void whatServedLivesUntilItsLastRequestIsAnswered() throws Exception {
    FutureTask<?> loading = new FutureTask<>(() -> control.load("iris"));
    try (Lease lease = repository.acquire(Optional.of("iris"), OptionalLong.empty())) {
      Thread.ofPlatform().daemon().start(loading);
      while (target("iris").equals(lease.target())) {
        Thread.onSpinWait();
      }
      assertThat(loading).isNotDone();
      run(lease);
    }
    loading.get();
  }

  @Test
  void patienceEndsBeforeARequestThatHangs() {
    control = control(Duration.ZERO);
    try (Lease lease = repository.acquire(Optional.of("iris"), OptionalLong.empty())) {
      control.load("iris");
      control.unload("iris");
      run(lease);
    }
  }

  @Test
  void aHigherVersionTakesThePlaceOfTheOld() throws IOException {
    put("versions/2", "iris/2");
    assertThat(index()).containsExactly("iris 1 ready", "iris 2 not loaded");
    assertThat(repository.versions("iris")).containsExactly(1L);
    assertThat(control.load("iris")).containsExactly(2L);
    assertThat(repository.versions("iris")).containsExactly(2L);
    assertThat(index()).containsExactly("iris 1 unloaded", "iris 2 ready");
    assertThat(told).containsExactly("comes iris 2", "goes iris 1");
  }

  @Test
  void modelJsonIsReadAnew() throws IOException {
    put("versions/2", "iris/2");
    Files.writeString(folder.resolve("iris/model.json"), "{\"versions\": \"all\"}");
    assertThat(control.load("iris")).containsExactly(1L, 2L);
    Files.writeString(folder.resolve("iris/model.json"), "{\"versions\": [1]}");
    assertThat(control.load("iris")).containsExactly(1L);
  }

  @Test
  void aModelThatIsNewInTheFolderAppears() throws IOException {
    put("fixed", "wine");
    assertThat(control.load("wine")).containsExactly(1L);
    assertThat(index()).containsExactly("iris 1 ready", "wine 1 ready");
    assertThat(repository.find(Optional.empty(), OptionalLong.empty()).model()).isEqualTo("iris");
  }

  @Test
  void theLoneModelAppearsToo() throws IOException {
    Files.copy(FIXTURES.resolve("fixed/model.onnx"), folder.resolve("model.onnx"));
    assertThat(control.load("model")).containsExactly(1L);
    assertThat(repository.find(Optional.empty(), OptionalLong.empty()).model()).isEqualTo("model");
  }

  @Test
  void whatCannotBeLoadedLeavesTheOldAlone() throws IOException {
    LoadedModel before = target("iris");
    put("broken", "iris/2");
    refuses(
        ErrorCode.LOAD_FAILED,
        "model 'iris' version 2 cannot be loaded, and what was loaded before serves on: ",
        () -> control.load("iris"));
    assertThat(target("iris")).isSameAs(before);
    assertThat(index())
        .hasSize(2)
        .contains("iris 1 ready")
        .last()
        .asString()
        .startsWith("iris 2 ")
        .contains("Protobuf parsing failed");
    assertThat(told).isEmpty();
  }

  @Test
  void allVersionsAreLoadedOrNone() throws IOException {
    LoadedModel before = target("iris");
    put("broken", "iris/2");
    Files.writeString(folder.resolve("iris/model.json"), "{\"versions\": [1, 2, 3]}");
    refuses(ErrorCode.LOAD_FAILED, "model 'iris' version 2 cannot", () -> control.load("iris"));
    Files.delete(folder.resolve("iris/2/model.onnx"));
    refuses(ErrorCode.LOAD_FAILED, "version 2 is not there", () -> control.load("iris"));
    assertThat(target("iris")).isSameAs(before);
  }

  @Test
  void aWrongModelJsonIsTold() throws IOException {
    Files.writeString(folder.resolve("iris/model.json"), "{\"versions\": \"newest\"}");
    refuses(
        ErrorCode.LOAD_FAILED,
        "model 'iris' cannot be loaded, and what was loaded before serves on: model.json: versions: "
            + "expected latest, all or a list of versions, got 'newest'",
        () -> control.load("iris"));
    put("fixed", "wine");
    Files.writeString(folder.resolve("wine/model.json"), "{");
    refuses(ErrorCode.LOAD_FAILED, "model 'wine' cannot be loaded: ", () -> control.load("wine"));
    assertThat(index()).first().isEqualTo("iris 1 ready");
    assertThat(index()).last().asString().startsWith("wine 1 model.json: not JSON");
  }

  @Test
  void aModelThatHasGoneFromTheFolderServesOn() throws IOException {
    Files.delete(folder.resolve("iris/model.onnx"));
    refuses(ErrorCode.LOAD_FAILED, "it is not in its folder any more", () -> control.load("iris"));
    assertThat(index()).containsExactly("iris 1 ready");
    control.unload("iris");
    assertThat(index()).isEmpty();
    refuses(ErrorCode.NOT_FOUND, "there is no model 'iris'", () -> control.load("iris"));
    refuses(ErrorCode.NOT_FOUND, "there is no model 'iris'", () -> control.unload("iris"));
  }

  @Test
  void anUnloadedModelIsNotFoundAndCanComeBack() {
    control.unload("iris");
    refuses(
        ErrorCode.NOT_FOUND,
        "there is no model 'iris', only []",
        () -> repository.acquire(Optional.of("iris"), OptionalLong.empty()));
    assertThat(index()).containsExactly("iris 1 unloaded");
    control.unload("iris");
    assertThat(control.load("iris")).containsExactly(1L);
    assertThat(index()).containsExactly("iris 1 ready");
    assertThat(told).containsExactly("goes iris 1", "comes iris 1");
  }

  @Test
  void namesThatAreNoneTouchNoFile() throws IOException {
    Files.copy(FIXTURES.resolve("fixed/model.onnx"), folder.resolve("model.onnx"));
    for (String name : List.of("..", ".", "", "iris/..", "a\nb", "iris\0")) {
      refuses(ErrorCode.NOT_FOUND, "there is no model '", () -> control.load(name));
      refuses(ErrorCode.NOT_FOUND, "there is no model '", () -> control.unload(name));
    }
  }

  @Test
  void whatLoadsIsToldInTheIndex() throws IOException {
    put("fixed", "wine");
    List<String> meanwhile = new ArrayList<>();
    ModelControl slow =
        new ModelControl(
            repository,
            folder,
            DEFAULTS,
            () -> {
              meanwhile.addAll(index());
              return OnnxRuntime.load();
            },
            observer(),
            PATIENCE);
    control = slow;
    slow.load("wine");
    slow.load("iris");
    assertThat(meanwhile)
        .containsExactly("iris 1 ready", "wine 1 loading", "iris 1 ready", "wine 1 ready");
  }

  /** The thread of an operation may begin others, so none has to wait here. */
  @Test
  void operationsAreFewAtATime() {
    beginning = () -> control.load("iris");
    refuses(
        ErrorCode.OVERLOADED,
        "4 other operations on models are under way or wait",
        () -> control.load("iris"));
    beginning = () -> {};
    assertThat(control.load("iris")).containsExactly(1L);
  }

  @Test
  void aServerThatEndsTakesNoMore() {
    control.stop();
    assertThat(control.awaitLast(0)).isTrue();
    refuses(ErrorCode.NOT_READY, "the server is stopping", () -> control.load("iris"));
    refuses(ErrorCode.NOT_READY, "the server is stopping", () -> control.unload("iris"));
    assertThat(index()).containsExactly("iris 1 ready");
  }

  @Test
  void itsEndWaitsForAnOperationOnlySoLong() {
    AtomicBoolean ended = new AtomicBoolean(true);
    beginning = () -> ended.set(CompletableFuture.supplyAsync(() -> control.awaitLast(1)).join());
    control.load("iris");
    assertThat(ended).isFalse();
  }

  private ModelControl control(Duration patience) {
    return new ModelControl(repository, folder, DEFAULTS, OnnxRuntime::load, observer(), patience);
  }

  private ModelControl.Observer observer() {
    return new ModelControl.Observer() {
      @Override
      public void begins() {
        beginning.run();
      }

      @Override
      public void comes(ModelVersion version) {
        told.add("comes " + version.model() + " " + version.version());
      }

      @Override
      public void goes(String model, long version) {
        told.add("goes " + model + " " + version);
      }
    };
  }

  private static void run(Lease lease) {
    Tensor x = lease.target().pool().acquire(Datatype.FP32, Shape.of(1, 3));
    try (InferenceRequest request =
            new InferenceRequest(Map.of("x", x), List.of("y"), Deadline.after(PATIENCE));
        InferenceResponse response = lease.target().batcher().run(request)) {
      assertThat(response.outputs()).containsKey("y");
    }
  }

  private LoadedModel target(String model) {
    try (Lease lease = repository.acquire(Optional.of(model), OptionalLong.empty())) {
      return lease.target();
    }
  }

  /** A line for each version, with the reason where it is unavailable. */
  private List<String> index() {
    return control.index().entries().stream()
        .map(
            entry ->
                "%s %d %s"
                    .formatted(
                        entry.model(),
                        entry.version(),
                        entry.state() instanceof ModelState.Unavailable(String reason)
                            ? reason
                            : entry.state().label()))
        .toList();
  }

  private void put(String fixture, String place) throws IOException {
    Path to = Files.createDirectories(folder.resolve(place));
    Files.copy(FIXTURES.resolve(fixture).resolve("model.onnx"), to.resolve("model.onnx"));
  }

  private static void refuses(ErrorCode code, String message, ThrowingCallable operation) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(operation)
        .returns(code, InferenceException::code)
        .withMessageContaining(message);
  }
}
