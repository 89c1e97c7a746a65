package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SbomTest {
  private static final String BUILD =
      """
      {"bomFormat": "CycloneDX", "metadata": {"timestamp": "2026-01-02T03:04:05Z", "lifecycles": []},
       "components": [{"type": "library", "name": "a", "version": "1"}]}
      """;

  @TempDir private Path temporary;
  private Path out;

  @BeforeEach
  void complete() throws IOException {
    Path natives = Files.createDirectory(temporary.resolve("native"));
    Files.writeString(natives.resolve("libb.so"), "b");
    Files.writeString(natives.resolve("liba.so"), "a");
    Path build = Files.writeString(temporary.resolve("bom.json"), BUILD);
    out = temporary.resolve("sbom.cdx.json");
    Path nvidia = Files.createDirectory(temporary.resolve("cuda"));
    Files.writeString(nvidia.resolve("libc.so.12"), "c");
    Files.writeString(nvidia.resolve("LICENSE"), "theirs");
    Sbom.complete(build, natives, out, Optional.of(nvidia));
  }

  @Test
  void keepsWhatTheBuildListsButItsTime() throws IOException {
    JsonNode bom = read();
    assertThat(bom.path("bomFormat").asText()).isEqualTo("CycloneDX");
    assertThat(bom.at("/metadata").propertyStream().map(property -> property.getKey()))
        .containsExactly("lifecycles");
    assertThat(bom.at("/components/0/name").asText()).isEqualTo("a");
  }

  @Test
  void addsTheJavaRuntimeAsScannersKnowIt() throws IOException {
    String version = System.getProperty("java.version");
    JsonNode runtime = read().at("/components/1");
    assertThat(runtime.path("name").asText()).isEqualTo("openjdk");
    assertThat(runtime.path("version").asText()).isEqualTo(version);
    assertThat(runtime.path("cpe").asText())
        .isEqualTo("cpe:2.3:a:oracle:openjdk:" + version + ":*:*:*:*:*:*:*");
  }

  @Test
  void addsTheNativeLibrariesByName() throws IOException {
    JsonNode components = read().path("components");
    assertThat(components).hasSize(5);
    assertThat(components.valueStream().map(component -> component.path("name").asText()))
        .containsExactly("a", "openjdk", "liba.so", "libb.so", "libc.so.12");
    assertThat(components.at("/2/hashes/0/content").asText())
        .isEqualTo("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    assertThat(components.at("/2/licenses/0/license/id").asText()).isEqualTo("MIT");
  }

  @Test
  void nvidiasLibrariesHaveNvidiasLicence() throws IOException {
    assertThat(read().at("/components/4/licenses/0/license/name").asText())
        .isEqualTo("NVIDIA CUDA Toolkit EULA");
  }

  private JsonNode read() throws IOException {
    return new ObjectMapper().readTree(out.toFile());
  }
}
