package dev.skiff.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The defaults in the table of limits are those of the code. */
class LimitsTest {
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| [^|]+ \\| `([^`|]+)` \\| `--([^`|]+)` \\|");

  @Test
  void defaultsAreTrue() throws IOException {
    Map<String, String> stated = new TreeMap<>();
    for (MatchResult row :
        ROW.matcher(Files.readString(Path.of("../docs/limits.md"))).results().toList()) {
      stated.put(row.group(2), row.group(1));
    }
    Map<String, String> real = new TreeMap<>();
    for (Key key : Keys.all()) {
      if (stated.containsKey(key.name())) {
        real.put(key.name(), key.fallback());
      }
    }
    assertThat(stated).hasSize(10).isEqualTo(real);
  }
}
