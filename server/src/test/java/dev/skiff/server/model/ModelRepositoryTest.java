package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.config.ConfigException;
import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfigs;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What needs no ONNX Runtime: which models there are, and how a request finds one. */
class ModelRepositoryTest {
  private final Path folder;

  ModelRepositoryTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void everyModelLoadsAtFirst() throws IOException {
    model("iris");
    model("wine/2");
    assertThat(scan().all())
        .allSatisfy(version -> assertThat(version.state()).isEqualTo(new ModelState.Loading()))
        .extracting(ModelVersion::model)
        .containsExactly("iris", "wine");
  }

  @Test
  void theHighestVersionIsServed() throws IOException {
    model("iris/2");
    model("iris/10");
    assertThat(scan().versions("iris")).containsExactly(10L);
  }

  @Test
  void modelJsonChoosesTheVersions() throws IOException {
    model("iris/1");
    model("iris/2");
    model("wine/1");
    model("wine/2");
    Files.writeString(folder.resolve("iris/model.json"), "{\"versions\": \"all\"}");
    Files.writeString(folder.resolve("wine/model.json"), "{\"versions\": [1]}");
    ModelRepository repository = scan();
    assertThat(repository.versions("iris")).containsExactly(1L, 2L);
    assertThat(repository.versions("wine")).containsExactly(1L);
    assertThat(repository.versions("rose")).isEmpty();
    assertThat(repository.find(Optional.of("iris"), OptionalLong.of(1)).version()).isEqualTo(1);
    assertThat(repository.find(Optional.of("iris"), OptionalLong.empty()).version()).isEqualTo(2);
  }

  @Test
  void aBrokenModelJsonMakesThatModelUnavailable() throws IOException {
    model("iris/3");
    model("wine");
    Files.writeString(folder.resolve("iris/model.json"), "{\"concurency\": 2}");
    ModelRepository repository = scan();
    assertThat(repository.find(Optional.of("iris"), OptionalLong.of(3)).state())
        .isEqualTo(new ModelState.Unavailable("model.json: concurency: unknown key"));
    assertThat(repository.find(Optional.of("wine"), OptionalLong.empty()).state())
        .isEqualTo(new ModelState.Loading());
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> repository.acquire(Optional.of("iris"), OptionalLong.empty()))
        .returns(ErrorCode.NOT_READY, InferenceException::code)
        .withMessage("model 'iris' version 3 is unavailable: model.json: concurency: unknown key");
  }

  @Test
  void theFolderMustBeThere() {
    Path gone = folder.resolve("gone");
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> scan(gone, Optional.empty()))
        .withMessage("the model repository " + gone + " cannot be read: it is not there");
  }

  @Test
  void theFolderMustBeAFolder() throws IOException {
    Path file = Files.createFile(folder.resolve("model.zip"));
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> scan(file, Optional.empty()))
        .withMessage("the model repository " + file + " cannot be read: it is no folder");
  }

  @Test
  void theDefaultModelMustBeThere() throws IOException {
    model("iris");
    model("wine");
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> scan(folder, Optional.of("rose")))
        .withMessage("the default model 'rose' is not in " + folder + ", which has [iris, wine]");
  }

  @Test
  void theDefaultModelIsFoundWithoutAName() throws IOException {
    model("iris");
    model("wine");
    ModelRepository repository = scan(folder, Optional.of("wine"));
    assertThat(repository.find(Optional.empty(), OptionalLong.empty()).model()).isEqualTo("wine");
    assertThat(repository.find(Optional.of("iris"), OptionalLong.empty()).model())
        .isEqualTo("iris");
  }

  @Test
  void theOnlyModelIsFoundWithoutAName() throws IOException {
    model("iris");
    assertThat(scan().find(Optional.empty(), OptionalLong.empty()).model()).isEqualTo("iris");
  }

  @Test
  void noNameAmongSeveralIsTheClientsMistake() throws IOException {
    model("iris");
    model("wine");
    refuses(
        Optional.empty(),
        OptionalLong.empty(),
        ErrorCode.INVALID_ARGUMENT,
        "name the model in the path, as in /predict/NAME: there is no default among [iris, wine]");
  }

  @Test
  void anUnknownModelIsNotFound() throws IOException {
    model("iris");
    refuses(
        Optional.of("rose"),
        OptionalLong.empty(),
        ErrorCode.NOT_FOUND,
        "there is no model 'rose', only [iris]");
  }

  @Test
  void anUnknownVersionIsNotFound() throws IOException {
    model("iris/2");
    refuses(
        Optional.of("iris"),
        OptionalLong.of(7),
        ErrorCode.NOT_FOUND,
        "model 'iris' has no version 7, only [2]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\nb", "a\rb", "a\0b", "a\033b", "a\177b", "a\u0085b", "a\u009bb"})
  void controlCharactersNeverComeBack(String name) throws IOException {
    model("iris");
    refuses(
        Optional.of(name),
        OptionalLong.empty(),
        ErrorCode.NOT_FOUND,
        "there is no model 'a?b', only [iris]");
  }

  @Test
  void aLongNameComesBackInPart() throws IOException {
    model("iris");
    refuses(
        Optional.of("x".repeat(5_000)),
        OptionalLong.empty(),
        ErrorCode.NOT_FOUND,
        "there is no model '" + "x".repeat(128) + "...', only [iris]");
  }

  @Test
  void closingRetiresEveryVersion() throws IOException {
    model("iris");
    ModelRepository repository = scan();
    assertThat(repository.close(0)).isTrue();
    assertThat(repository.all())
        .extracting(ModelVersion::state)
        .containsExactly(new ModelState.Unavailable("retired"));
  }

  @Test
  void theLoneModelIsTheDefaultBeforeAMarkedOne() throws IOException {
    model("iris");
    model("digits");
    Files.writeString(folder.resolve("iris/model.json"), "{\"default\": true}");
    assertThat(theDefault()).isEqualTo("iris");
    model("");
    assertThat(theDefault()).isEqualTo("model");
  }

  @Test
  void twoMarkedModelsAreNoDefault() throws IOException {
    model("iris");
    model("digits");
    Files.writeString(folder.resolve("iris/model.json"), "{\"default\": true}");
    Files.writeString(folder.resolve("digits/model.json"), "{\"default\": true}");
    refuses(
        Optional.empty(),
        OptionalLong.empty(),
        ErrorCode.INVALID_ARGUMENT,
        "name the model in the path, as in /predict/NAME: there is no default among [digits, iris]");
  }

  private String theDefault() {
    return scan().find(Optional.empty(), OptionalLong.empty()).model();
  }

  private void model(String path) throws IOException {
    Path parent = Files.createDirectories(folder.resolve(path));
    Files.writeString(parent.resolve("model.onnx"), "onnx");
  }

  private ModelRepository scan() {
    return scan(folder, Optional.empty());
  }

  private static ModelRepository scan(Path folder, Optional<String> defaultModel) {
    return ModelRepository.scan(
        new RepositoryConfig(folder, defaultModel), RuntimeConfigs.of(1, 1, 1));
  }

  private void refuses(
      Optional<String> name, OptionalLong version, ErrorCode code, String message) {
    ModelRepository repository = scan(folder, Optional.empty());
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> repository.find(name, version))
        .returns(code, InferenceException::code)
        .withMessage(message);
  }
}
