package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a change of the code makes others pull again: one layer, the last but that of the models.
 */
@Tag("image")
class CodeChangeIT {
  private static final List<String> CONTEXT =
      List.of(
          ".dockerignore",
          ".mvn",
          "Dockerfile.cpu",
          "bench/jmh/pom.xml",
          "bench/pom.xml",
          "image/jvm.options",
          "image/pom.xml",
          "image/src/main",
          "image/train.options",
          "image/trim-base",
          "models",
          "pom.xml",
          "server/pom.xml",
          "server/src/main");

  @TempDir private Path copy;

  @Test
  @Timeout(600)
  void onlyTheLayerOfTheCodeIsAnotherOne() throws Exception {
    String pid = String.valueOf(ProcessHandle.current().pid());
    String before = "skiff:image-test-before-" + pid;
    String after = "skiff:image-test-after-" + pid;
    try {
      ImageUnderTest.build(before);
      change();
      ImageUnderTest.build(copy, after);
      List<String> old = layers(before);
      List<String> changed = layers(after);
      assertThat(changed).hasSameSizeAs(old);
      assertThat(IntStream.range(0, old.size()).filter(i -> !old.get(i).equals(changed.get(i))))
          .containsExactly(old.size() - 2);
    } finally {
      Docker.start("image", "rm", before, after);
    }
  }

  private void change() throws Exception {
    var command =
        new ProcessBuilder("cp", "--archive", "--parents").directory(Path.of("..").toFile());
    command.command().addAll(CONTEXT);
    command.command().add(copy.toString());
    assertThat(command.inheritIO().start().waitFor()).isZero();
    Files.writeString(
        copy.resolve("server/src/main/resources/web/console.css"),
        "\n/* " + Instant.now() + " */\n",
        StandardOpenOption.APPEND);
  }

  private static List<String> layers(String image) {
    return List.of(
        Docker.run(
                "image",
                "inspect",
                "--format",
                "{{range .RootFS.Layers}}{{println .}}{{end}}",
                image)
            .split("\n"));
  }
}
