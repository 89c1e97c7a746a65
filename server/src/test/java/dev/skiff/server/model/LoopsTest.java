package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoopsTest {
  @TempDir private Path folder;

  @Test
  void areFoundInAModelThatHasThem() throws IOException {
    assertThat(Loops.mayBeIn(Path.of("src/test/fixtures/slow/model.onnx"))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"identity-fp32", "add", "classindex", "nonzero", "huge"})
  void areNotFoundInOthers(String fixture) throws IOException {
    Path file = Path.of("src/test/fixtures", fixture, "model.onnx");
    assertThat(Loops.mayBeIn(file)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"\4Loop", "x\"\4Scan", "\"\"\4Loop.", "\"\12BeamSearch"})
  void areOperators(String bytes) throws IOException {
    assertThat(Loops.mayBeIn(file(bytes))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\"", "\"\4", "\"\4Loo", "\"\5Loops", "Loop", "\4Loop", "\"\4loop"})
  void areNotOtherBytes(String bytes) throws IOException {
    assertThat(Loops.mayBeIn(file(bytes))).isFalse();
  }

  private Path file(String bytes) throws IOException {
    return Files.writeString(folder.resolve("model.onnx"), bytes);
  }
}
