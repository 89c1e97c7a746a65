package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    Sbom.complete(build, natives, out);
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
    assertThat(components).hasSize(4);
    assertThat(components.findValuesAsText("name"))
        .containsExactly("a", "openjdk", "liba.so", "libb.so");
    assertThat(components.at("/2/hashes/0/content").asText())
        .isEqualTo("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    assertThat(components.at("/2/licenses/0/license/id").asText()).isEqualTo("MIT");
  }

  private JsonNode read() throws IOException {
    return new ObjectMapper().readTree(out.toFile());
  }
}
