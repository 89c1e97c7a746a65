package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of {@code bench/soak}; {@code SKIFF_SOAK} in the environment makes it longer. */
final class SoakIT {
  @Test
  void noReplyIsWrongOrLostAndNothingIsKept(@TempDir Path folder)
      throws IOException, InterruptedException {
    Tools.require(
        Tools.find(List.of("python3")).isPresent(), "the soak test needs Python 3.11 or later");
    String duration = Optional.ofNullable(System.getenv("SKIFF_SOAK")).orElse("20s");
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    "python3",
                    "../bench/soak",
                    "--duration=" + duration,
                    "--skiff=" + System.getProperty("skiff.home"),
                    "--out=" + Path.of("target", "soak.json").toAbsolutePath(),
                    "--work=" + folder))
            .redirectErrorStream(true);
    builder.environment().put("JAVA25_HOME", System.getProperty("java.home"));
    Process soak = builder.start();
    soak.getOutputStream().close();
    String output = new String(soak.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(soak.waitFor()).as(output).isZero();
    assertThat(output).contains(" 0 wrong or lost");
  }
}
