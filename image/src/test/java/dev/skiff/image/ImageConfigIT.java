package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the image says about how it is run. */
@Tag("image")
@Tag("gpu-image")
class ImageConfigIT {
  private static final String JAVA =
      "\"/skiff/jre/bin/java\",\"-XX:AOTCache=/skiff/app.aot\",\"@/skiff/jvm.options\"";

  @Test
  void runsAsNobody() {
    assertThat(config("{{.User}}")).isEqualTo("10001:10001");
  }

  @Test
  void startsTheServerWithoutAShell() {
    assertThat(config("{{json .Entrypoint}}"))
        .isEqualTo("[" + JAVA + ",\"-jar\",\"/skiff/skiff.jar\"]");
    assertThat(config("{{json .Cmd}}")).isEqualTo("null");
  }

  @Test
  void isProbedByTheServersOwnClassWithoutAShell() {
    assertThat(config("{{json .Healthcheck.Test}}"))
        .isEqualTo(
            "[\"CMD\","
                + JAVA
                + ",\"-Xint\",\"-cp\",\"/skiff/skiff.jar\",\"dev.skiff.server.Probe\"]");
  }

  @Test
  void endsOnSigterm() {
    assertThat(config("{{.StopSignal}}")).isEqualTo("SIGTERM");
  }

  @Test
  void exposesOnePortAndNoVolume() {
    assertThat(config("{{json .ExposedPorts}}")).isEqualTo("{\"8080/tcp\":{}}");
    assertThat(config("{{json .Volumes}}")).isEqualTo("null");
  }

  @Test
  void setsWhatNativeCodeReadsOnce() {
    assertThat(config("{{json .Env}}"))
        .contains("\"ORT_DISABLE_TELEMETRY=1\"", "\"MALLOC_ARENA_MAX=2\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"title", "description", "licenses", "version", "revision", "source"})
  void isLabelled(String label) {
    assertThat(config("{{index .Labels \"org.opencontainers.image." + label + "\"}}")).isNotBlank();
  }

  private static String config(String template) {
    return Docker.run(
        "image",
        "inspect",
        "--format",
        "{{with .Config}}" + template + "{{end}}",
        ImageUnderTest.name());
  }
}
