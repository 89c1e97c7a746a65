package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The bill of materials lists what ships, all of it under licences that we know. */
class BomIT {
  private static final Set<String> LICENCES =
      Set.of("Apache-2.0", "MIT", "BSD-2-Clause", "CC0-1.0", "EPL-2.0");

  private final JsonNode bom;

  BomIT() throws IOException {
    bom = new ObjectMapper().readTree(Path.of("target/bom.json").toFile());
  }

  @Test
  void itListsTheJarsThatShip() throws IOException {
    Set<String> listed = new TreeSet<>();
    for (JsonNode component : bom.path("components")) {
      listed.add(
          component.path("name").asText() + "-" + component.path("version").asText() + ".jar");
    }
    try (Stream<Path> jars = Files.list(Path.of(System.getProperty("skiff.home"), "lib"))) {
      assertThat(listed)
          .isNotEmpty()
          .containsExactlyInAnyOrderElementsOf(
              jars.map(jar -> jar.getFileName().toString()).toList());
    }
  }

  @Test
  void everyJarMayBeUsedUnderALicenceThatWeKnow() {
    assertThat(bom.path("components"))
        .isNotEmpty()
        .allSatisfy(
            component ->
                assertThat(component.path("licenses").findValuesAsText("id"))
                    .as(component.path("name").asText())
                    .containsAnyElementsOf(LICENCES));
  }
}
