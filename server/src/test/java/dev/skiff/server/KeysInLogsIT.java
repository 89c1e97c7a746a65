package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The log of the packaged server, where it says the most. */
@Timeout(240)
final class KeysInLogsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String KEY = "the-first-team-0001";
  private static final String NEXT = "the-second-team-002";
  private static final String WRONG = "the-third-team-0003";

  /** {@code %69}: by another path, which is Javalin's whatever the door. */
  private static final List<String> PATHS =
      List.of("/predict/identity-fp32", "/predict/%69dentity-fp32", "/predict/absent");

  @ParameterizedTest
  @ValueSource(strings = {"--fast-lane=true", "--fast-lane=false"})
  void theyHaveEveryRequestAndNoKey(String door, @TempDir Path folder) throws Exception {
    Path keys = Files.writeString(folder.resolve("keys"), KEY + "\n");
    Path models = Repository.of(Files.createDirectory(folder.resolve("models")), "identity-fp32");
    List<String> ids = new ArrayList<>();
    List<JsonNode> events = new ArrayList<>();
    try (SkiffProcess server =
        SkiffProcess.serve(
            models,
            door,
            "--api-keys=" + keys,
            "--log-level=debug",
            "--log-format=json",
            "--access-log=true")) {
      for (String path : PATHS) {
        for (String key : List.of(KEY, WRONG)) {
          ids.add(ask(server, path, key, "Authorization", "Bearer " + key));
          ids.add(ask(server, path, key, "X-API-Key", key));
        }
      }
      // A file that is wrong is told of, and one that is right.
      Files.writeString(keys, NEXT + "\n" + WRONG + " with a blank\n");
      awaitAfter(server, "the old keys go on to count");
      Files.writeString(keys, NEXT + "\n");
      awaitAfter(server, "read the API keys anew");
      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).isZero();
      assertThat(server.process().err()).isEmpty();
      for (String line : server.process().out()) {
        assertThat(line).doesNotContain(KEY, NEXT, WRONG);
        events.add(JSON.readTree(line));
      }
    }
    assertThat(events).map(event -> event.path("request_id").asText()).containsAll(ids);
    assertThat(events)
        .filteredOn(event -> event.get("level").asText().equals("DEBUG"))
        .isNotEmpty()
        .noneMatch(event -> event.get("logger").asText().startsWith("org.eclipse.jetty"));
  }

  /** Has a request refused or answered, and says by which id the log knows it. */
  private static String ask(
      SkiffProcess server, String path, String key, String header, String value) throws Exception {
    String id = header + "-" + key.substring(4, 9) + "-" + PATHS.indexOf(path);
    int expected = key.equals(WRONG) ? 401 : path.endsWith("absent") ? 404 : 200;
    assertThat(server.post(path, "[1,2,3]", header, value, "X-Request-Id", id).statusCode())
        .isEqualTo(expected);
    return id;
  }

  /** Files are looked at when a request comes, and not more than once in a second. */
  private static void awaitAfter(SkiffProcess server, String told) throws Exception {
    while (server.process().out().stream().noneMatch(line -> line.contains(told))) {
      server.get("/health");
    }
  }
}
