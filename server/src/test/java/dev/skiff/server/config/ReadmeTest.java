package dev.skiff.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The README's table of settings is the one that the code makes. */
class ReadmeTest {
  private static final String BEGIN =
      "<!-- configuration: generated from Keys; ReadmeTest holds it -->\n";
  private static final String END = "<!-- configuration: end -->";

  @Test
  void tableOfSettingsIsUpToDate() throws IOException {
    String readme = Files.readString(Path.of("../README.md"));
    String table = readme.substring(readme.indexOf(BEGIN) + BEGIN.length(), readme.indexOf(END));

    assertThat(table).as("paste this between the markers").isEqualTo(Keys.markdown());
  }
}
