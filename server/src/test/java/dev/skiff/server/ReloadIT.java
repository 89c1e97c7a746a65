package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models that are reloaded again and again while clients ask for them. {@code SKIFF_RELOADS} in the
 * environment is how often.
 */
final class ReloadIT {
  private static final int RELOADS =
      Integer.parseInt(Optional.ofNullable(System.getenv("SKIFF_RELOADS")).orElse("90"));

  /** The first loads make room that the others use again. */
  private static final int SETTLED = RELOADS / 3;

  private static final String LOAD = "/v2/repository/models/%s/load";

  /** A heap that is full from the start, so that the process grows by what is not given back. */
  private static final List<String> OPTIONS =
      List.of("-Xms48m", "-Xmx48m", "-XX:+AlwaysPreTouch", "-XX:MaxDirectMemorySize=64m");

  @Test
  @BadInput(98)
  void noRequestFailsAndNothingIsKept(@TempDir Path folder) throws Exception {
    Path models = Files.createDirectory(folder.resolve("models"));
    Repository.of(models, "identity-fp32", "slow");
    Files.createDirectory(models.resolve("changing"));
    put(folder, 0);
    try (SkiffProcess server =
            SkiffProcess.serve(Map.of(), OPTIONS, models, "--model-control=explicit");
        LoadedClients clients = new LoadedClients(server.address())) {
      clients.awaitAnswers(100);
      long settled = 0;
      for (int i = 1; i <= RELOADS; i++) {
        reload(server, "identity-fp32");
        reload(server, "slow");
        put(folder, i);
        reload(server, "changing");
        assertThat(server.post("/predict/changing", "[1,2,3]").body())
            .isEqualTo(
                i % 2 == 0 ? "{\"prediction\":[1.0,2.0,3.0]}" : "{\"prediction\":[2.0,4.0,6.0]}");
        if (i == SETTLED) {
          settled = server.process().residentKib();
        }
      }
      long grown = server.process().residentKib() - settled;
      clients.sendAway();
      clients.awaitLast();
      System.out.println("GROWN " + grown + " from " + settled + "");
      assertThat(clients.wrong()).isEmpty();
      assertThat(clients.unanswered()).isEmpty();
      assertThat(clients.refused()).isZero();
      assertThat(server.get("/health").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void anEndAmidReloadsLosesNothing(@TempDir Path folder) throws Exception {
    Path models = Repository.of(folder, "identity-fp32", "slow");
    try (SkiffProcess server =
            SkiffProcess.serve(models, "--model-control=explicit", "--drain-delay=300ms");
        LoadedClients clients = new LoadedClients(server.address())) {
      clients.awaitAnswers(50);
      reload(server, "slow");
      int last = 200;
      server.process().signal("TERM");
      while (last == 200) {
        last = load(server, "slow");
      }
      assertThat(last).as("an operation at the end").isIn(503, 0);
      assertThat(server.process().awaitExit()).isZero();
      clients.awaitLast();
      assertThat(clients.wrong()).isEmpty();
    }
  }

  private static void reload(SkiffProcess server, String model) throws Exception {
    HttpResponse<String> reply = server.post(LOAD.formatted(model), "{}");
    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
  }

  /** The status, or 0 if the server is gone. */
  private static int load(SkiffProcess server, String model) throws InterruptedException {
    try {
      return server.post(LOAD.formatted(model), "{}").statusCode();
    } catch (IOException e) {
      return 0;
    }
  }

  /** Puts y = x there in even rounds, y = 2x in odd ones, whole from one moment to the next. */
  private static void put(Path folder, int round) throws IOException {
    Path next = folder.resolve("next");
    Path fixtures = Path.of("src/test/fixtures");
    Files.copy(fixtures.resolve("versions/" + (1 + round % 2) + "/model.onnx"), next);
    Files.move(next, folder.resolve("models/changing/model.onnx"), StandardCopyOption.ATOMIC_MOVE);
  }
}
