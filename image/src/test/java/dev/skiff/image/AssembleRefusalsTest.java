package dev.skiff.image;

import static dev.skiff.image.AssembleCommand.API;
import static dev.skiff.image.AssembleCommand.NATIVE;
import static dev.skiff.image.AssembleCommand.OLD;
import static dev.skiff.image.AssembleCommand.files;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What it lays out nothing of, and why. */
class AssembleRefusalsTest {
  private final AssembleCommand tool;

  AssembleRefusalsTest(@TempDir Path temporary) throws IOException {
    tool = new AssembleCommand(temporary);
  }

  @Test
  void refusesAProviderThatTheJarLacks() throws IOException {
    assertRefusal(List.of("--providers", "cuda"), "onnxruntime-9.jar lacks natives");
  }

  @Test
  void refusesAFolderWithoutOnnxRuntime() throws IOException {
    Files.delete(tool.folder.resolve("lib/onnxruntime-9.jar"));

    assertRefusal("/lib must have one onnxruntime jar but has []");
  }

  @Test
  void refusesAFolderWithTwo() throws IOException {
    tool.jar("lib/onnxruntime_gpu-9.jar", OLD, API);

    assertRefusal("one onnxruntime jar but has [", "onnxruntime-9.jar", "onnxruntime_gpu-9.jar");
  }

  @Test
  void refusesAJarWithoutThePlatformsNatives() throws IOException {
    tool.jar("lib/onnxruntime-9.jar", OLD, API, NATIVE + "linux-aarch64/libonnxruntime.so");

    assertRefusal("onnxruntime-9.jar lacks natives for linux-x64: it has []");
  }

  @Test
  void refusesAJarWithOnlyOneOfThem() throws IOException {
    tool.jar("lib/onnxruntime-9.jar", OLD, API, NATIVE + "linux-x64/libonnxruntime.so");

    assertRefusal("lacks natives for linux-x64: it has [libonnxruntime.so]");
  }

  @Test
  void refusesAFolderThatTheServerModuleDidNotBuild() throws IOException {
    Files.delete(tool.folder.resolve("skiff.jar"));

    assertRefusal("skiff does not hold skiff.jar and lib");
  }

  @Test
  void refusesWhatIsNotAJar() throws IOException {
    Files.writeString(tool.folder.resolve("lib/a.jar"), "not a jar");

    assertRefusal("a.jar is not a jar");
  }

  @Test
  void refusesAnUnknownPlatform() throws IOException {
    assertRefusal(List.of("--platform", "win-x64"), "--platform", "linux-aarch64", "win-x64");
  }

  @Test
  void refusesToWriteIntoAFolderThatIsNotEmpty() throws IOException {
    Files.createDirectory(tool.out);
    Files.writeString(tool.out.resolve("theirs"), "");

    assertThat(tool.assemble()).isEqualTo(2);

    assertThat(tool.errors()).contains("out is not an empty folder").hasLineCount(1);
    assertThat(files(tool.out)).containsExactly("theirs");
  }

  @Test
  void refusesToWriteIntoAFile() throws IOException {
    Files.writeString(tool.out, "theirs");

    assertThat(tool.assemble()).isEqualTo(2);

    assertThat(tool.errors()).contains("out is not an empty folder").hasLineCount(1);
    assertThat(tool.out).hasContent("theirs");
  }

  private void assertRefusal(String... messages) {
    assertRefusal(List.of(), messages);
  }

  private void assertRefusal(List<String> options, String... messages) {
    assertThat(tool.assemble(options.toArray(String[]::new))).isEqualTo(2);
    assertThat(tool.errors()).startsWith("assemble: ").contains(messages).hasLineCount(1);
    assertThat(tool.printed()).isEmpty();
    assertThat(tool.out).doesNotExist();
  }
}
