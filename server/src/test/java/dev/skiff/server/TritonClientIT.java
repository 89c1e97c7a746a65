package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * NVIDIA's client of the V2 protocol finds what it expects. The checks are in {@code
 * src/test/python/triton_client}.
 */
final class TritonClientIT {

  @ParameterizedTest
  @ValueSource(strings = {"--fast-lane=true", "--fast-lane=false"})
  void theClientIsContent(String door, @TempDir Path folder) throws Exception {
    Path scripts = Path.of("src/test/python");
    PythonEnvironment python = PythonEnvironment.of(scripts.resolve("requirements.txt"));
    try (SkiffProcess server =
        SkiffProcess.serve(repository(folder), "--model-control=explicit", door)) {
      PythonEnvironment.Result result =
          python.run(
              scripts.resolve("triton_client").toString(),
              server.address(),
              Repository.SHIPPED.toString());
      assertThat(result.exitCode()).as(result.output()).isZero();
      assertThat(result.output()).containsPattern("Ran \\d\\d tests").doesNotContain("skipped");
    }
  }

  private static Path repository(Path folder) throws IOException {
    Repository.addShipped(folder);
    return Repository.of(
        folder,
        "add",
        "broken",
        "cast-unsigned",
        "fails",
        "fixed",
        "identity-bf16",
        "identity-bool",
        "identity-bytes",
        "identity-fp16",
        "identity-fp32",
        "identity-fp64",
        "identity-int16",
        "identity-int32",
        "identity-int64",
        "identity-int8",
        "identity-uint8",
        "scalar",
        "versions");
  }
}
