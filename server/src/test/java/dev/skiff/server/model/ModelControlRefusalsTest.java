package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What cannot be done to models, and leaves those that serve as they are. */
@Timeout(240)
class ModelControlRefusalsTest {
  @AutoClose private final ControlledModels models;

  ModelControlRefusalsTest(@TempDir Path folder) throws IOException {
    models = new ControlledModels(folder);
  }

  @Test
  void whatCannotBeLoadedLeavesTheOldAlone() throws IOException {
    LoadedModel before = models.target("iris");
    models.put("broken", "iris/2");
    refuses(
        ErrorCode.LOAD_FAILED,
        "model 'iris' version 2 cannot be loaded, and what was loaded before serves on: ",
        () -> models.load("iris"));
    assertThat(models.target("iris")).isSameAs(before);
    assertThat(models.index())
        .hasSize(2)
        .contains("iris 1 ready")
        .last()
        .asString()
        .startsWith("iris 2 ")
        .contains("Protobuf parsing failed");
    assertThat(models.told()).isEmpty();
  }

  @Test
  void allVersionsAreLoadedOrNone() throws IOException {
    LoadedModel before = models.target("iris");
    models.put("broken", "iris/2");
    Files.writeString(models.folder.resolve("iris/model.json"), "{\"versions\": [1, 2, 3]}");
    refuses(ErrorCode.LOAD_FAILED, "model 'iris' version 2 cannot", () -> models.load("iris"));
    Files.delete(models.folder.resolve("iris/2/model.onnx"));
    refuses(ErrorCode.LOAD_FAILED, "version 2 is not there", () -> models.load("iris"));
    assertThat(models.target("iris")).isSameAs(before);
  }

  @Test
  void aWrongModelJsonIsTold() throws IOException {
    Files.writeString(models.folder.resolve("iris/model.json"), "{\"versions\": \"newest\"}");
    refuses(
        ErrorCode.LOAD_FAILED,
        "model 'iris' cannot be loaded, and what was loaded before serves on: model.json: versions: "
            + "expected latest, all or a list of versions, got 'newest'",
        () -> models.load("iris"));
    models.put("fixed", "wine");
    Files.writeString(models.folder.resolve("wine/model.json"), "{");
    refuses(ErrorCode.LOAD_FAILED, "model 'wine' cannot be loaded: ", () -> models.load("wine"));
    assertThat(models.index()).first().isEqualTo("iris 1 ready");
    assertThat(models.index()).last().asString().startsWith("wine 1 model.json: not JSON");
  }

  @Test
  void aModelThatHasGoneFromTheFolderServesOn() throws IOException {
    Files.delete(models.folder.resolve("iris/model.onnx"));
    refuses(ErrorCode.LOAD_FAILED, "it is not in its folder any more", () -> models.load("iris"));
    assertThat(models.index()).containsExactly("iris 1 ready");
    models.unload("iris");
    assertThat(models.index()).isEmpty();
    refuses(ErrorCode.NOT_FOUND, "there is no model 'iris'", () -> models.load("iris"));
    refuses(ErrorCode.NOT_FOUND, "there is no model 'iris'", () -> models.unload("iris"));
  }

  @Test
  void namesThatAreNoneTouchNoFile() throws IOException {
    models.put("fixed", "");
    for (String name : List.of("..", ".", "", "iris/..", "a\nb", "iris\0")) {
      refuses(ErrorCode.NOT_FOUND, "there is no model '", () -> models.load(name));
      refuses(ErrorCode.NOT_FOUND, "there is no model '", () -> models.unload(name));
    }
  }

  /** The thread of an operation may begin others, so none has to wait here. */
  @Test
  void operationsAreFewAtATime() {
    models.beginning(() -> models.load("iris"));
    refuses(
        ErrorCode.OVERLOADED,
        "4 other operations on models are under way or wait",
        () -> models.load("iris"));
    models.beginning(() -> {});
    assertThat(models.load("iris")).containsExactly(1L);
  }

  @Test
  void aServerThatEndsTakesNoMore() {
    models.stop();
    refuses(ErrorCode.NOT_READY, "the server is stopping", () -> models.load("iris"));
    refuses(ErrorCode.NOT_READY, "the server is stopping", () -> models.unload("iris"));
    assertThat(models.index()).containsExactly("iris 1 ready");
  }

  private static void refuses(ErrorCode code, String message, ThrowingCallable operation) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(operation)
        .returns(code, InferenceException::code)
        .withMessageContaining(message);
  }
}
