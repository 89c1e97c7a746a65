package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a client reads when a model cannot be loaded or fails: a reason, never a path. */
final class FailureTest {
  @Test
  void aFileThatIsNoModel() {
    assertThat(reason(Fixtures.file("broken"))).isEqualTo("Protobuf parsing failed.");
  }

  @Test
  void aFileThatIsEmpty(@TempDir Path folder) throws IOException {
    Path file = Files.createFile(folder.resolve("model.onnx"));
    assertThat(reason(file)).isEqualTo("ModelProto does not have a graph.");
  }

  @Test
  void aFileThatWasCutShort(@TempDir Path folder) throws IOException {
    byte[] whole = Files.readAllBytes(Fixtures.file("add"));
    Path file = folder.resolve("a folder with spaces.onnx");
    Files.write(file, Arrays.copyOf(whole, whole.length - 20));
    assertThat(reason(file)).isEqualTo("Protobuf parsing failed.");
  }

  @Test
  void aFileThatIsNotThere(@TempDir Path folder) {
    assertThat(reason(folder.resolve("model.onnx"))).isEqualTo("File doesn't exist");
  }

  @Test
  void weightsOutsideTheModelsFolder() {
    assertThat(reason(Fixtures.file("external-outside")))
        .startsWith("External data path validation failed for initializer: weights.")
        .contains("External data path escapes model directory")
        .doesNotContain("fixtures");
  }

  @Test
  void aKernelsError() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("fails")) {
      InferenceException e =
          catchThrowableOfType(
              InferenceException.class,
              () -> Fixtures.run(session, Fixtures.int64(Shape.of(1), 99)));
      assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL);
      assertThat(e.reason())
          .isEqualTo(
              "the model failed: Non-zero status code returned while running Gather node. Name:''"
                  + " Status Message: indices element out of data bounds, idx=99 must be within"
                  + " the inclusive range [-4,3]");
    }
  }

  @Test
  @BadInput(90)
  void aKernelsErrorThatNamesItsSourceFile() throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("huge")) {
      InferenceException e =
          catchThrowableOfType(
              InferenceException.class,
              () -> Fixtures.run(session, Fixtures.int64(Shape.of(2), -1, 5)));
      assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL);
      assertThat(e.reason())
          .startsWith("the model failed: ")
          .contains("ConstantOfShape")
          .doesNotContain("onnxruntime", ".cc");
    }
  }

  /**
   * 2^48 bytes are more than a process can address, however freely the machine hands out memory;
   * the others do not fit 64 bits.
   */
  @ParameterizedTest
  @CsvSource({"8388608, 8388608", "2147483648, 2147483648", "1099511627776, 1099511627776"})
  void anAnswerThatIsTooLarge(long rows, long columns) throws ModelLoadException {
    try (OnnxSession session = Fixtures.open("huge")) {
      InferenceException e =
          catchThrowableOfType(
              InferenceException.class,
              () -> Fixtures.run(session, Fixtures.int64(Shape.of(2), rows, columns)));
      assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED);
      assertThat(e.reason()).isEqualTo("the model's answer would not fit into memory");
    }
  }

  private static String reason(Path file) {
    return catchThrowableOfType(
            ModelLoadException.class,
            () -> Fixtures.RUNTIME.open(file, new ExecutionProvider.Cpu(1)))
        .reason();
  }
}
