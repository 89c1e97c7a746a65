package dev.skiff.image;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bill of materials in the image lists what is in the image above the base. */
@Tag("image")
@Tag("gpu-image")
@SuppressWarnings("NullAway.Init") // JUnit calls copy() first
class SbomIT {
  /** The image's folder /skiff without its large files. */
  @TempDir private static Path skiff;

  private static JsonNode components;

  @BeforeAll
  static void copy() throws IOException {
    String container = Docker.run("create", ImageUnderTest.name());
    try {
      for (String path : List.of("sbom.cdx.json", "lib", "native", "jre/release")) {
        Docker.run("cp", container + ":/skiff/" + path, skiff.toString());
      }
      // An image for GPUs has this one as well.
      Docker.start("cp", container + ":/skiff/cuda", skiff.toString());
    } finally {
      Docker.run("rm", container);
    }
    components =
        new ObjectMapper().readTree(skiff.resolve("sbom.cdx.json").toFile()).path("components");
  }

  @Test
  void listsEveryJar() throws IOException {
    assertThat(
            components("library").stream()
                .map(
                    jar -> jar.path("name").asText() + "-" + jar.path("version").asText() + ".jar"))
        .containsExactlyInAnyOrderElementsOf(sha256("lib").keySet());
  }

  @Test
  void listsEveryNativeLibraryWithItsHash() throws IOException {
    Map<String, String> listed =
        components("file").stream()
            .collect(
                toMap(
                    file -> file.path("name").asText(),
                    file -> file.at("/hashes/0/content").asText()));
    Map<String, String> present = sha256("native");
    if (Files.exists(skiff.resolve("cuda"))) {
      present.putAll(sha256("cuda"));
      present.remove("NGC-DL-CONTAINER-LICENSE");
    }
    assertThat(listed).isNotEmpty().isEqualTo(present);
  }

  @Test
  void namesTheJavaRuntime() throws IOException {
    List<JsonNode> runtimes = components("framework");
    assertThat(runtimes).hasSize(1);
    assertThat(Files.readString(skiff.resolve("release")))
        .contains("JAVA_VERSION=\"" + runtimes.getFirst().path("version").asText() + "\"");
  }

  @Test
  void namesALicenceForEverything() {
    assertThat(components)
        .isNotEmpty()
        .allSatisfy(
            component ->
                assertThat(component.at("/licenses/0/license"))
                    .as(component.path("name").asText())
                    .isNotEmpty());
  }

  private static List<JsonNode> components(String type) {
    List<JsonNode> found = new ArrayList<>();
    for (JsonNode component : components) {
      if (component.path("type").asText().equals(type)) {
        found.add(component);
      }
    }
    return found;
  }

  private static Map<String, String> sha256(String folder) throws IOException {
    Map<String, String> hashes = new HashMap<>();
    try (var files = Files.list(skiff.resolve(folder))) {
      for (Path file : files.toList()) {
        hashes.put(file.getFileName().toString(), Sbom.sha256(file));
      }
    }
    return hashes;
  }
}
