package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
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
    String output = Bench.run("soak", folder, "--duration=" + duration);
    assertThat(output).contains(" 0 wrong or lost");
  }
}
