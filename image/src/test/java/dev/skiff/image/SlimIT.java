package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The same image on the Debian of the build argument BASE_IMAGE as it is, with its shell. */
@Tag("image")
@Timeout(300)
class SlimIT {
  private static final String SLIM = "skiff:image-test-slim-" + ProcessHandle.current().pid();

  @BeforeAll
  static void build() {
    ImageUnderTest.build(SLIM, "--build-arg", "BASE=slim");
  }

  @AfterAll
  static void remove() {
    Docker.run("image", "rm", SLIM);
  }

  @Test
  void isSmall() throws Exception {
    long bytes = SavedImage.of(SLIM).layers().stream().mapToLong(SavedImage.Layer::bytes).sum();
    Budgets.SLIM_IMAGE.check(bytes / 1e6);
  }

  @Test
  void answersAndHasAShell() throws Exception {
    try (var skiff = new Skiff(SLIM).restricted().withEnv("JAVA_TOOL_OPTIONS", "-XX:AOTMode=on")) {
      skiff.start();
      assertThat(skiff.post("/predict", Skiff.ROW)).isEqualTo(Skiff.ANSWER);
      assertThat(Docker.run("exec", skiff.getContainerId(), "sh", "-c", "id -u"))
          .isEqualTo("123456");
    }
  }
}
