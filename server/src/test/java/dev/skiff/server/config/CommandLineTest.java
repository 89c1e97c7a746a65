package dev.skiff.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {

  @Test
  void theDoctorTakesTheProvidersSettings() {
    assertThat(
            CommandLine.parse(
                new String[] {"doctor", "--gpu-device=2"},
                Map.of("SKIFF_GPU_MEMORY_LIMIT", "1GiB"),
                "1.2.3"))
        .isEqualTo(
            new CommandLine.Request.Examine(
                RuntimeConfigs.provider(ProviderConfig.Choice.AUTO)
                    .withDevice(2)
                    .withMemoryLimit(OptionalLong.of(1 << 30))));
    Parsed.refuses(
        "--gpu-device: expected a whole number from 0 to 255, got 'x'", "doctor", "--gpu-device=x");
  }

  @Test
  void aFlagCountsBeforeAVariableBeforeTheFileBeforeTheDefault(@TempDir Path folder)
      throws IOException {
    String file = file(folder, "{\"port\": 1}");
    Map<String, String> environment = Map.of("SKIFF_PORT", "2");
    assertThat(Parsed.config(environment, "--config", file, "--port", "3").http().port())
        .isEqualTo(3);
    assertThat(Parsed.config(environment, "--config", file).http().port()).isEqualTo(2);
    assertThat(Parsed.config("--config", file).http().port()).isEqualTo(1);
    assertThat(Parsed.config().http().port()).isEqualTo(8080);
  }

  @Test
  void thePlainArgumentIsTheModelRepository() {
    assertThat(Parsed.config("here").repository().folder()).isEqualTo(Path.of("here"));
    assertThat(Parsed.config("--port", "1", "here").repository().folder())
        .isEqualTo(Path.of("here"));
    assertThat(Parsed.config(Map.of("SKIFF_MODELS", "there"), "here").repository().folder())
        .isEqualTo(Path.of("here"));
  }

  @Test
  void aFlagTakesItsValueAfterAnEqualsSignToo() {
    assertThat(Parsed.config("--port=3").http().port()).isEqualTo(3);
  }

  @Test
  void theFileCanBeNamedByAVariable(@TempDir Path folder) throws IOException {
    String file = file(folder, "{\"port\": 1}");
    assertThat(Parsed.config(Map.of("SKIFF_CONFIG", file)).http().port()).isEqualTo(1);
  }

  @Test
  void theFileOfTheFlagCountsBeforeTheOneOfTheVariable(@TempDir Path folder) throws IOException {
    Map<String, String> environment = Map.of("SKIFF_CONFIG", folder.resolve("gone").toString());
    String file = file(folder, "{\"port\": 1}");
    assertThat(Parsed.config(environment, "--config", file).http().port()).isEqualTo(1);
  }

  @Test
  void wrongFlags() {
    Parsed.refuses("Unknown option: '--prot'; see --help", "--prot", "80");
    Parsed.refuses("Unmatched argument at index 1: 'b'; see --help", "a", "b");
    Parsed.refuses("Missing required parameter for option '--port' (PORT); see --help", "--port");
    Parsed.refuses(
        "option '--port' (PORT) should be specified only once; see --help", "--port=1", "--port=2");
    Parsed.refuses("--port: expected a whole number from 0 to 65535, got 'x'", "--port", "x");
    Parsed.refuses(
        "--log-level: expected one of error, warn, info, debug, got 'x'", "--log-level=x");
  }

  @Test
  void wrongVariables() {
    Parsed.refuses(Map.of("SKIFF_PROT", "80"), "SKIFF_PROT: unknown variable; see --help");
    Parsed.refuses(
        Map.of("SKIFF_PORT", "x"), "SKIFF_PORT: expected a whole number from 0 to 65535, got 'x'");
  }

  @Test
  void otherVariablesAreNotOurs() {
    assertThat(
            Parsed.config(Map.of("PATH", "/bin", "PORT", "1", "SKIFFPORT", "2", "skiff_port", "3")))
        .isEqualTo(Parsed.config());
  }

  /** What Kubernetes sets beside a Service named skiff, and beside one named skiff-gpu. */
  @ParameterizedTest
  @CsvSource({
    "SKIFF_SERVICE_HOST, 10.0.0.1",
    "SKIFF_SERVICE_PORT, 80",
    "SKIFF_SERVICE_PORT_HTTP, 80",
    "SKIFF_PORT, tcp://10.0.0.1:80",
    "SKIFF_PORT, udp://10.0.0.1:80",
    "SKIFF_PORT_80_TCP, tcp://10.0.0.1:80",
    "SKIFF_PORT_80_TCP_ADDR, 10.0.0.1",
    "SKIFF_PORT_80_TCP_PORT, 80",
    "SKIFF_PORT_80_TCP_PROTO, tcp",
    "SKIFF_GPU_SERVICE_HOST, 10.0.0.1",
    "SKIFF_GPU_SERVICE_PORT, 80",
    "SKIFF_GPU_SERVICE_PORT_HTTP, 80",
    "SKIFF_GPU_PORT, tcp://10.0.0.1:80",
    "SKIFF_GPU_PORT_80_TCP, tcp://10.0.0.1:80",
    "SKIFF_GPU_PORT_80_TCP_ADDR, 10.0.0.1",
    "SKIFF_GPU_PORT_80_TCP_PROTO, tcp"
  })
  void variablesOfKubernetesServicesAreNotOurs(String variable, String value) {
    assertThat(Parsed.config(Map.of(variable, value))).isEqualTo(Parsed.config());
  }

  @ParameterizedTest
  @ValueSource(strings = {"SKIFF_GPU", "SKIFF_GPU_PORT", "SKIFF_SUPPORT", "SKIFF_PORT_RANGE"})
  void variablesThatOnlyLookLikeThemAreUnknown(String variable) {
    Parsed.refuses(Map.of(variable, "80"), variable + ": unknown variable; see --help");
  }

  @Test
  void wrongFiles(@TempDir Path folder) throws IOException {
    wrongFile(folder, "{\"prot\": 80}", ": prot: unknown key");
    wrongFile(
        folder, "{\"port\": \"x\"}", ": port: expected a whole number from 0 to 65535, got 'x'");
    wrongFile(folder, "{\"port\": [80]}", ": port: expected a text, a number, true or false");
    wrongFile(folder, "{\"port\": null}", ": port: expected a text, a number, true or false");
    wrongFile(folder, "[]", ": expected a JSON object");
    wrongFile(folder, "", ": expected a JSON object");
    wrongFile(
        folder,
        "{port: 80}",
        ": not JSON: Unexpected character ('p' (code 112)): was expecting double-quote to start"
            + " field name, at line 1, column 2");
  }

  @Test
  void aFileThatIsNotThere(@TempDir Path folder) {
    Path gone = folder.resolve("gone.json");
    Parsed.refuses(gone + ": cannot be read: it is not there", "--config", gone.toString());
    Parsed.refuses(
        Map.of("SKIFF_CONFIG", gone.toString()), gone + ": cannot be read: it is not there");
  }

  @Test
  void anEmptyNameIsNoFile() {
    assertThat(Parsed.config(Map.of("SKIFF_CONFIG", ""))).isEqualTo(Parsed.config());
    assertThat(Parsed.config("--config=")).isEqualTo(Parsed.config());
  }

  @Test
  void versionIsShown() {
    assertThat(Parsed.text("--version")).isEqualTo("skiff 1.2.3" + System.lineSeparator());
  }

  @Test
  void helpListsEveryKey() {
    String help = Parsed.text("--help").replaceAll("\\s+", " ");
    assertThat(help)
        .startsWith("Usage: skiff ")
        .isEqualTo(Parsed.text("-h").replaceAll("\\s+", " "));
    for (Key key : Keys.all()) {
      String fallback = key.fallback().isEmpty() ? "" : "; default " + key.fallback();
      assertThat(help)
          .contains(
              "%s=%s %s (%s%s)"
                  .formatted(key.flag(), key.value(), key.description(), key.variable(), fallback));
    }
    assertThat(help).contains("--config=FILE").contains("SKIFF_CONFIG");
  }

  private static void wrongFile(Path folder, String json, String message) throws IOException {
    String file = file(folder, json);
    Parsed.refuses(file + message, "--config", file);
  }

  private static String file(Path folder, String json) throws IOException {
    return Files.writeString(folder.resolve("skiff.json"), json).toString();
  }
}
