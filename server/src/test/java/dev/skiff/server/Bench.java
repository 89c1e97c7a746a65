package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs programs of {@code bench/} on the packaged server. */
final class Bench {
  private Bench() {}

  /**
   * Runs one to its good end.
   *
   * @param name of the program, and of its result in {@code target}
   * @param work for its files
   * @return what it printed
   */
  static String run(String name, Path work, String... arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "python3",
                "../bench/" + name,
                "--skiff=" + System.getProperty("skiff.home"),
                "--out=" + Path.of("target", name + ".json").toAbsolutePath(),
                "--work=" + work));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA25_HOME", System.getProperty("java.home"));
    Process program = builder.start();
    program.getOutputStream().close();
    String output = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(program.waitFor()).as(output).isZero();
    return output;
  }
}
