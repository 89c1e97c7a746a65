package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of {@code bench/leaks}, which has {@link ClosePaths} watched by a leak checker. */
final class LeaksIT {
  @Test
  void whatIsOpenedIsFreed(@TempDir Path folder) throws IOException, InterruptedException {
    for (String tool : List.of("python3", "heaptrack")) {
      Tools.require(
          Tools.find(List.of(tool)).isPresent(),
          "the search for leaks needs Python 3.11 or later and heaptrack");
    }
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    "python3",
                    "../bench/leaks",
                    "--turns=3",
                    "--skiff=" + System.getProperty("skiff.home"),
                    "--out=" + Path.of("target", "leaks.json").toAbsolutePath(),
                    "--work=" + folder))
            .redirectErrorStream(true);
    builder.environment().put("JAVA25_HOME", System.getProperty("java.home"));
    Process search = builder.start();
    search.getOutputStream().close();
    String output = new String(search.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(search.waitFor()).as(output).isZero();
    assertThat(output).contains("leaks: 0; of those on purpose missed: none");
  }
}
