package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The packaged server as its user meets it: a command line, two streams, an exit code. */
final class MainIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern READY = Pattern.compile("ready in (\\d+) ms");

  @Test
  void itSaysThatItIsReadyAndAnswers() throws Exception {
    try (SkiffProcess server = SkiffProcess.serve(Repository.SHIPPED)) {
      assertThat(server.post("/predict/iris", "[5.1, 3.5, 1.4, 0.2]").body())
          .isEqualTo("{\"prediction\":[0]}");
      assertThat(
              server.post("/predict/language", "{\"instances\": [\"Wo ist der Bahnhof?\"]}").body())
          .contains("\"label\":\"de\"");
      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).isZero();
      assertThat(server.process().out())
          .anyMatch(line -> line.matches("\\S+ INFO  ready in \\d+ ms: 3 of 3 models on http://.*"))
          .allMatch(line -> line.matches("\\S+ INFO  .*"), "nothing but good news")
          .last()
          .asString()
          .endsWith("stopped");
      assertThat(server.process().err()).as("warnings of the JVM's, among others").isEmpty();
    }
  }

  @Test
  void itDoesNotSayThatItTookLongerThanItDid() throws Exception {
    long start = System.nanoTime();
    try (SkiffProcess server = SkiffProcess.serve(Repository.SHIPPED)) {
      long most = Duration.ofNanos(System.nanoTime() - start).toMillis();
      assertThat(server.process().out())
          .map(line -> READY.matcher(line))
          .filteredOn(Matcher::find)
          .singleElement()
          .satisfies(ready -> assertThat(Long.parseLong(ready.group(1))).isBetween(1L, most));
    }
  }

  @Test
  void modelsThatCannotBeLoadedDoNotKeepTheOthersFromServing(@TempDir Path folder)
      throws Exception {
    Path models = Repository.of(folder, "broken", "identity-uint16", "unnamed");
    try (SkiffProcess server = SkiffProcess.serve(models)) {
      assertThat(server.process().out()).anyMatch(line -> line.contains("1 of 3 models"));
      assertThat(server.post("/predict/unnamed", "[1, 2, 3]").body())
          .isEqualTo("{\"prediction\":[2.0,4.0,6.0]}");

      HttpResponse<String> health = server.get("/health");
      assertThat(health.statusCode()).isEqualTo(200);
      JsonNode states = JSON.readTree(health.body()).get("models");
      assertThat(states).hasSize(3);
      assertThat(states.get(0).toString())
          .isEqualTo(
              "{\"name\":\"broken\",\"version\":\"1\",\"state\":\"unavailable\","
                  + "\"reason\":\"Protobuf parsing failed.\"}");
      assertThat(states.get(1).get("reason").asText()).contains("input 'x' is UINT16");
      assertThat(states.get(2).get("state").asText()).isEqualTo("ready");
      assertThat(server.process().err()).isEmpty();
    }
  }

  /** Nobody waits at a start for what only TLS and keys need. */
  @Test
  void whatIsNotAskedForIsNotLoaded(@TempDir Path folder) throws Exception {
    Path classes = folder.resolve("classes.txt");
    List<String> options = List.of("-Xlog:class+load:file=" + classes);
    try (SkiffProcess server = SkiffProcess.serve(Map.of(), options, Repository.SHIPPED)) {
      assertThat(server.post("/predict/iris", "[5.1, 3.5, 1.4, 0.2]").statusCode()).isEqualTo(200);
      assertThat(Files.readString(classes))
          .contains(" dev.skiff.server.http.Access ")
          .doesNotContain(
              " dev.skiff.server.http.Tls ",
              " dev.skiff.server.http.ApiKeys ",
              " dev.skiff.server.http.ManagementServer ",
              " org.eclipse.jetty.util.ssl.SslContextFactory",
              " javax.net.ssl.SSLContext ");
    }
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "--prot 80, skiff: Unknown option",
        "--port eighty, skiff: --port: expected a whole number from 0 to 65535, got 'eighty'",
        "--port, skiff: Missing required parameter for option '--port'",
        "--drain-delay 5, \"skiff: --drain-delay: expected a duration such as 500ms, 30s or 5m\"",
        "one two, skiff: Unmatched argument",
        "no-such-folder, skiff: the model repository no-such-folder cannot be read: it is not there",
        "--config no-such-file, skiff: no-such-file: cannot be read",
        "--api-keys no-such-file, skiff: --api-keys: no-such-file: cannot be read",
        "--tls-cert no-such-file, skiff: --tls-cert: no-such-file: cannot be read",
        "--tls-key no-such-file, \"skiff: --tls-cert: expected a file, got none\""
      })
  void aWrongCommandLineIsOneLineAndExitCodeTwo(String arguments, String line) throws Exception {
    assertRefused(Map.of(), line, arguments.split(" "));
  }

  @ParameterizedTest
  @CsvSource({
    "SKIFF_PORT, eighty, 'skiff: SKIFF_PORT: expected a whole number from 0 to 65535'",
    "SKIFF_PROT, 80, skiff: SKIFF_PROT: unknown variable"
  })
  void aWrongVariableIsOneLineAndExitCodeTwo(String variable, String value, String line)
      throws Exception {
    assertRefused(Map.of(variable, value), line);
  }

  @Test
  void aDefaultModelThatIsNotThereIsOneLineAndExitCodeTwo() throws Exception {
    assertRefused(
        Map.of(),
        "skiff: the default model 'rose' is not in",
        Repository.SHIPPED.toString(),
        "--default-model",
        "rose");
  }

  /** More than once, since the models are being loaded when the process ends. */
  @RepeatedTest(3)
  void aTakenPortIsALineAndExitCodeOne() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        JavaProcess process =
            SkiffProcess.run(
                Map.of(),
                Repository.SHIPPED.toString(),
                "--host",
                "127.0.0.1",
                "--port",
                Integer.toString(taken.getLocalPort()))) {
      assertThat(process.awaitExit()).as(process::toString).isEqualTo(1);
      assertThat(process.out())
          .filteredOn(line -> !line.contains(" INFO "))
          .last()
          .asString()
          .endsWith(
              "ERROR cannot listen on 127.0.0.1:%d: Address already in use"
                  .formatted(taken.getLocalPort()));
      assertThat(process.err()).isEmpty();
    }
  }

  /** With the option that the images have, and an answer of maps, which nobody counts. */
  @Test
  @BadInput(93)
  void theProcessEndsWhenJavaHasNoMemoryLeft(@TempDir Path folder) throws Exception {
    String option = "-XX:+ExitOnOutOfMemoryError";
    assertThat(Files.readAllLines(Path.of("../image/jvm.options"))).contains(option);
    try (SkiffProcess server =
        SkiffProcess.serve(
            Map.of(), List.of("-Xmx24m", option), Repository.of(folder, "map-int"))) {
      CompletableFuture<HttpResponse<String>> reply =
          server.begin("/predict", "{\"inputs\":[" + "[1,2,3],".repeat(400_000) + "[1,2,3]]}");
      assertThat(server.process().awaitExit()).as(server.process()::toString).isEqualTo(3);
      assertThat(reply).failsWithin(Duration.ofSeconds(60));
    }
  }

  @Test
  void helpIsPrinted() throws Exception {
    try (JavaProcess process = SkiffProcess.run(Map.of(), "--help")) {
      assertThat(process.awaitExit()).isZero();
      assertThat(process.out()).first().asString().startsWith("Usage: skiff");
      assertThat(process.out()).anyMatch(line -> line.contains("--drain-timeout"));
      assertThat(process.err()).isEmpty();
    }
  }

  @Test
  void theVersionIsPrinted() throws Exception {
    try (JavaProcess process = SkiffProcess.run(Map.of(), "--version")) {
      assertThat(process.awaitExit()).isZero();
      assertThat(process.out()).singleElement().asString().matches("skiff \\d+\\.\\d+\\.\\d+.*");
      assertThat(process.err()).isEmpty();
    }
  }

  /** This is the CPU's build, and that comes before whatever the machine may have. */
  @Test
  void theDoctorSaysInOneSentenceWhatIsMissing() throws Exception {
    try (JavaProcess process = SkiffProcess.run(Map.of(), "doctor")) {
      assertThat(process.awaitExit()).as(process::toString).isEqualTo(1);
      assertThat(process.out())
          .map(line -> line.substring(0, 13).strip())
          .containsExactly(
              "GPU 0",
              "build",
              "driver",
              "device files",
              "libraries",
              "kernels for",
              "cuda",
              "result");
      assertThat(process.out())
          .anyMatch(line -> line.matches("build +ONNX Runtime [\\d.]+ with cpu"))
          .last()
          .asString()
          .isEqualTo(
              "result        'cuda' was asked for, and this is the CPU's build, which has none: use"
                  + " the GPU image, skiff:gpu, or ask for cpu");
      assertThat(process.err()).isEmpty();
    }
  }

  @Test
  void logsInJsonNameTheRequestThatFailed(@TempDir Path folder) throws Exception {
    Path models = Repository.of(folder, "fails");
    try (SkiffProcess server = SkiffProcess.serve(models, "--log-format", "json")) {
      HttpResponse<String> reply =
          server.post("/predict/fails", "[99]", "X-Request-Id", "request-7");
      assertThat(reply.statusCode()).isEqualTo(500);
      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).isZero();

      boolean named = false;
      for (String line : server.process().out()) {
        JsonNode event = JSON.readTree(line);
        assertThat(event.fieldNames())
            .toIterable()
            .contains("time", "level", "logger", "thread", "message");
        named |=
            event.path("request_id").asText().equals("request-7")
                && event.get("level").asText().equals("WARN")
                && event.get("message").asText().contains("Gather");
      }
      assertThat(named).as(server.process()::toString).isTrue();
      assertThat(server.process().err()).isEmpty();
    }
  }

  private static void assertRefused(
      Map<String, String> environment, String line, String... arguments)
      throws IOException, InterruptedException {
    try (JavaProcess process = SkiffProcess.run(environment, arguments)) {
      assertThat(process.awaitExit()).as(process::toString).isEqualTo(2);
      assertThat(process.err()).singleElement().asString().startsWith(line);
      assertThat(process.out()).isEmpty();
    }
  }
}
