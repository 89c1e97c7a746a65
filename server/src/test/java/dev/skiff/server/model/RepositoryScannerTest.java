package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RepositoryScannerTest {
  private final Path repository;

  RepositoryScannerTest(@TempDir Path repository) {
    this.repository = repository;
  }

  @Test
  void anEmptyFolderHasNoModels() throws IOException {
    assertThat(scan()).isEmpty();
  }

  @Test
  void aFolderThatIsNotThereCannotBeScanned() {
    assertThatIOException().isThrownBy(() -> RepositoryScanner.scan(repository.resolve("gone")));
  }

  @Test
  void aModelWithoutVersionsIsVersion1() throws IOException {
    Path file = model("iris/model.onnx");
    ScannedModel model = only();
    assertThat(model.name()).isEqualTo("iris");
    assertThat(model.folder()).isEqualTo(repository.resolve("iris"));
    assertThat(model.versions()).containsOnlyKeys(1L).containsValue(file);
  }

  @Test
  void versionsAreOrderedByNumber() throws IOException {
    model("iris/2/model.onnx");
    model("iris/10/model.onnx");
    model("iris/1/model.onnx");
    assertThat(only().versions().keySet()).containsExactly(1L, 2L, 10L);
    assertThat(only().versions().lastEntry().getValue())
        .isEqualTo(repository.resolve("iris/10/model.onnx"));
  }

  @Test
  void modelsAreOrderedByName() throws IOException {
    model("b/model.onnx");
    model("c/3/model.onnx");
    model("a/model.onnx");
    assertThat(scan()).extracting(ScannedModel::name).containsExactly("a", "b", "c");
  }

  @Test
  void aLoneModelIsCalledModel() throws IOException {
    Path file = model("model.onnx");
    ScannedModel model = only();
    assertThat(model.name()).isEqualTo("model");
    assertThat(model.folder()).isEqualTo(repository);
    assertThat(model.versions()).containsOnlyKeys(1L).containsValue(file);
  }

  @Test
  void aLoneModelIsServedBesideTheOthers() throws IOException {
    model("model.onnx");
    model("iris/model.onnx");
    assertThat(scan()).extracting(ScannedModel::name).containsExactly("iris", "model");
  }

  @Test
  void noTwoModelsHaveOneName() throws IOException {
    model("model.onnx");
    model("model/model.onnx");
    assertThat(only().folder()).isEqualTo(repository.resolve("model"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "iris/readme.txt",
        "iris/MODEL.ONNX",
        "iris/model.onnx/nested", // a folder of the file's name
        "iris/one/model.onnx",
        "iris/0/model.onnx",
        "iris/01/model.onnx",
        "iris/-1/model.onnx",
        "iris/1.0/model.onnx",
        "iris/ 1/model.onnx",
        "iris/1/2/model.onnx",
        "iris/v1/model.onnx",
        "iris/1234567890123456789/model.onnx", // 19 digits might not fit a long
        ".iris/model.onnx",
        "iris/.1/model.onnx",
        "notes.txt"
      })
  void whatIsNoModelIsPassedOver(String file) throws IOException {
    model(file);
    model("other/model.onnx");
    assertThat(only().name()).isEqualTo("other");
  }

  @Test
  void aVersionHasUpTo18Digits() throws IOException {
    model("iris/999999999999999999/model.onnx");
    model("iris/20261121063000/model.onnx");
    assertThat(only().versions().keySet()).containsExactly(20261121063000L, 999999999999999999L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"iris", "Iris-2.1_b", "7", "a.b"})
  void namesHaveLettersDigitsDotsAndDashes(String name) throws IOException {
    model(name + "/model.onnx");
    assertThat(only().name()).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"_iris", "-iris", "my iris", "iris%2f", "blüte", "a\nb", "a:b"})
  void aModelOfAnotherNameIsPassedOver(String name) throws IOException {
    model(name + "/model.onnx");
    model("other/model.onnx");
    assertThat(only().name()).isEqualTo("other");
  }

  @Test
  void aNameHasAtMost128Characters() throws IOException {
    model("a".repeat(128) + "/model.onnx");
    model("b".repeat(129) + "/model.onnx");
    assertThat(only().name()).isEqualTo("a".repeat(128));
  }

  @Test
  void symbolicLinksAreFollowed(@TempDir Path elsewhere) throws IOException {
    Path real = Files.writeString(elsewhere.resolve("weights"), "onnx");
    Files.createDirectories(elsewhere.resolve("linked/4"));
    Files.createSymbolicLink(elsewhere.resolve("linked/4/model.onnx"), real);
    Files.createSymbolicLink(repository.resolve("iris"), elsewhere.resolve("linked"));
    assertThat(only().name()).isEqualTo("iris");
    assertThat(only().versions()).containsOnlyKeys(4L);
  }

  @Test
  void brokenSymbolicLinksAndLoopsArePassedOver() throws IOException {
    Files.createSymbolicLink(repository.resolve("gone"), repository.resolve("nowhere"));
    Files.createSymbolicLink(repository.resolve("loop"), repository.resolve("loop"));
    Files.createDirectories(repository.resolve("iris"));
    Files.createSymbolicLink(
        repository.resolve("iris/model.onnx"), repository.resolve("nowhere.onnx"));
    model("other/model.onnx");
    assertThat(only().name()).isEqualTo("other");
  }

  /** Such as lost+found, on a volume of its own. */
  private Path model(String path) throws IOException {
    Path file = repository.resolve(path);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, "onnx");
  }

  private ScannedModel only() throws IOException {
    assertThat(scan()).hasSize(1);
    return scan().getFirst();
  }

  private List<ScannedModel> scan() throws IOException {
    return RepositoryScanner.scan(repository);
  }
}
