package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
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
    String output = Bench.run("leaks", folder, "--turns=3");
    assertThat(output).contains("leaks: 0; of those on purpose missed: none");
  }
}
