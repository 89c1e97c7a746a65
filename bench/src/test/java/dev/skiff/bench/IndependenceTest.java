package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The load tester talks HTTP only. */
class IndependenceTest {
  private static final String SERVER = "dev/skiff/server/Main";

  /** What is not on the class path cannot be imported. */
  @Test
  void theServerIsNotOnTheClassPath() {
    ClassLoader classPath = IndependenceTest.class.getClassLoader();
    assertThat(Path.of("../server/src/main/java", SERVER + ".java")).exists();
    assertThat(classPath.getResource("dev/skiff/bench/Main.class")).isNotNull();
    assertThat(classPath.getResource(SERVER + ".class")).isNull();
  }
}
