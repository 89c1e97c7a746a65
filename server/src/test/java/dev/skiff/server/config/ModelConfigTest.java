package dev.skiff.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.config.ModelConfig.VersionPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigTest {
  private static final RuntimeConfig RUNTIME = RuntimeConfigs.of(2, 3, 4);

  private final Path file;

  ModelConfigTest(@TempDir Path folder) {
    file = folder.resolve("model.json");
  }

  @Test
  void withoutAFileTheDefaultsHold() {
    assertThat(ModelConfig.read(file, RUNTIME))
        .isEqualTo(new ModelConfig(false, new VersionPolicy.Latest(), RUNTIME, Map.of()));
  }

  @Test
  void withoutAnyKeyTheDefaultsHold() throws IOException {
    assertThat(read("{}")).isEqualTo(ModelConfig.defaults(RUNTIME));
  }

  @Test
  void everyKeyReachesItsField() throws IOException {
    assertThat(
            read(
                """
                {
                  "default": true,
                  "versions": [7, 5],
                  "intra-op-threads": 11,
                  "concurrency": 12,
                  "queue-limit": 13,
                  "queue-bytes": 14,
                  "batching": "on",
                  "max-batch-size": 15,
                  "preferred-batch-sizes": [8, 4],
                  "queue-delay": "16ms",
                  "provider": "cuda",
                  "gpu-device": 1,
                  "gpu-memory-limit": "2KiB",
                  "require-full-gpu": true,
                  "cuda-options": "use_tf32=0",
                  "warm-up-shapes": {"image": [1, 3, 224, 224], "mask": [1]}
                }
                """))
        .isEqualTo(
            new ModelConfig(
                true,
                new VersionPolicy.Only(new TreeSet<>(List.of(5L, 7L))),
                new RuntimeConfig(
                    OptionalInt.of(11),
                    OptionalInt.of(12),
                    13,
                    14,
                    new BatchingConfig(
                        BatchingConfig.Mode.ON,
                        OptionalInt.of(15),
                        new TreeSet<>(List.of(8, 4)),
                        Duration.ofMillis(16)),
                    new ProviderConfig(
                        ProviderConfig.Choice.CUDA,
                        1,
                        OptionalLong.of(2048),
                        true,
                        new TreeMap<>(Map.of("use_tf32", "0")))),
                Map.of("image", List.of(1L, 3L, 224L, 224L), "mask", List.of(1L))));
  }

  @Test
  void oneKeyLeavesTheOthersAtTheirDefaults() throws IOException {
    assertThat(read("{\"queue-limit\": 0}").runtime()).isEqualTo(RuntimeConfigs.of(2, 3, 0));
    assertThat(read("{\"concurrency\": \"9\"}").runtime()).isEqualTo(RuntimeConfigs.of(2, 9, 4));
    assertThat(read("{\"intra-op-threads\": 9}").runtime()).isEqualTo(RuntimeConfigs.of(9, 3, 4));
  }

  /** The server's options hold but for those that the model has other values for. */
  @Test
  void cudaOptionsAreJoined() throws IOException {
    ProviderConfig server =
        RuntimeConfigs.provider(ProviderConfig.Choice.CUDA)
            .withCudaOptions(new TreeMap<>(Map.of("use_tf32", "0", "prefer_nhwc", "1")));
    RuntimeConfig runtime =
        new RuntimeConfig(
            RUNTIME.intraOpThreads(), RUNTIME.concurrency(), 1, 1, RUNTIME.batching(), server);
    Files.writeString(file, "{\"cuda-options\": \"use_tf32=1\"}");
    assertThat(ModelConfig.read(file, runtime).runtime().provider().cudaOptions())
        .isEqualTo(Map.of("use_tf32", "1", "prefer_nhwc", "1"));
  }

  @Test
  void versions() throws IOException {
    assertThat(read("{\"versions\": \"all\"}").versions()).isEqualTo(new VersionPolicy.All());
    assertThat(read("{\"versions\": \"latest\"}").versions()).isEqualTo(new VersionPolicy.Latest());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"concurency": 2}             | concurency: unknown key
          {"concurrency": 0}            | concurrency: expected auto or a whole number from 1 to 1024, got '0'
          {"concurrency": 1.5}          | concurrency: expected auto or a whole number from 1 to 1024, got '1.5'
          {"concurrency": null}         | concurrency: expected auto or a whole number from 1 to 1024, got 'null'
          {"concurrency": [2]}          | concurrency: expected auto or a whole number from 1 to 1024, got '[2]'
          {"intra-op-threads": 1025}    | intra-op-threads: expected auto or a whole number from 1 to 1024, got '1025'
          {"queue-limit": -1}           | queue-limit: expected a whole number from 0 to 1000000, got '-1'
          {"queue-bytes": "much"}       | queue-bytes: expected a size such as 1000000, 64MiB or 1GiB, got 'much'
          {"batching": true}            | batching: expected one of auto, on, off, got 'true'
          {"max-batch-size": 0}         | max-batch-size: expected a whole number from 1 to 1000000, got '0'
          {"preferred-batch-sizes": 8}  | preferred-batch-sizes: expected a list of batch sizes, got '8'
          {"preferred-batch-sizes": [0]}| preferred-batch-sizes: expected a whole number from 1 to 1000000, got '0'
          {"max-batch-size": 8, "preferred-batch-sizes": [4, 16]} | preferred-batch-sizes: expected at most max-batch-size, 8, got '16'
          {"queue-delay": 5}            | queue-delay: expected a duration such as 500ms, 30s or 5m, got '5'
          {"provider": "gpu"}           | provider: expected one of auto, cuda, tensorrt, cpu, got 'gpu'
          {"provider": null}            | provider: expected one of auto, cuda, tensorrt, cpu, got 'null'
          {"gpu-device": -1}            | gpu-device: expected a whole number from 0 to 255, got '-1'
          {"gpu-device": "GPU-1"}       | gpu-device: expected a whole number from 0 to 255, got 'GPU-1'
          {"gpu-memory-limit": "90%"}   | gpu-memory-limit: expected none or a size such as 1000000, 64MiB or 1GiB, got '90%'
          {"require-full-gpu": "yes"}   | require-full-gpu: expected true or false, got 'yes'
          {"cuda-options": "use_tf32"}  | cuda-options: expected pairs such as use_tf32=0,prefer_nhwc=1, each name once, got 'use_tf32'
          {"cuda-options": "a=1,a=2"}   | cuda-options: expected pairs such as use_tf32=0,prefer_nhwc=1, each name once, got 'a=1,a=2'
          {"cuda-options": "a=1,"}      | cuda-options: expected pairs such as use_tf32=0,prefer_nhwc=1, each name once, got 'a=1,'
          {"cuda-options": {"a": 1}}    | cuda-options: expected a text of pairs such as use_tf32=0,prefer_nhwc=1, got '{"a":1}'
          {"cuda-options": "device_id=1"}| cuda-options: expected no device_id, which has its own key, gpu-device, got 'device_id=1'
          {"versions": "newest"}        | versions: expected latest, all or a list of versions, got 'newest'
          {"versions": []}              | versions: expected latest, all or a list of versions, got '[]'
          {"versions": 3}               | versions: expected latest, all or a list of versions, got '3'
          {"versions": [0]}             | versions: expected a whole number from 1 to 2147483647, got '0'
          {"versions": ["a"]}           | versions: expected a whole number from 1 to 2147483647, got 'a'
          {"warm-up-shapes": {"x": [0]}}| warm-up-shapes: x: expected a whole number from 1 to 2147483647, got '0'
          {"warm-up-shapes": {"x": 5}}  | warm-up-shapes: x: expected a list of dimensions, got '5'
          {"warm-up-shapes": [1, 2]}    | warm-up-shapes: expected a list of dimensions for each input, got '[1,2]'
          {"warm-up-shapes": "auto"}    | warm-up-shapes: expected a list of dimensions for each input, got 'auto'
          [1]                           | expected a JSON object
          "latest"                      | expected a JSON object
          ``                            | expected a JSON object
          {"concurrency": 2             | not JSON: Unexpected end-of-input: expected close marker for Object
          {"queue-limit": {"of": 3}}    | queue-limit: expected a whole number from 0 to 1000000, got '{"of":3}'
          {} {}                         | not JSON: it goes on after its object
          {"versions": 1, "versions": 2}| not JSON: Duplicate field 'versions'
          """)
  void wrongFiles(String json, String message) throws IOException {
    Files.writeString(file, json);
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> ModelConfig.read(file, RUNTIME))
        .satisfies(e -> assertThat(e.line()).startsWith("model.json: " + message).hasLineCount(1));
  }

  @Test
  void aFolderOfThatNameCannotBeRead() throws IOException {
    Files.createDirectory(file);
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> ModelConfig.read(file, RUNTIME))
        .withMessage("model.json: cannot be read");
  }

  private ModelConfig read(String json) throws IOException {
    Files.writeString(file, json);
    return ModelConfig.read(file, RUNTIME);
  }
}
