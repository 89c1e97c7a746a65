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
 * environment says how often.
 */
final class ReloadIT {
  private static final int RELOADS =
      Integer.parseInt(Optional.ofNullable(System.getenv("SKIFF_RELOADS")).orElse("150"));

  /** From then on the process keeps its size: before, the JVM compiles. */
  private static final int SETTLED = RELOADS / 3;

  private static final long MOST_GROWTH_KIB = 6 << 10;

  /** A heap that has all its memory from the start, so that growth is what was not given back. */
  private static final List<String> OPTIONS = List.of("-Xms48m", "-Xmx48m", "-XX:+AlwaysPreTouch");

  @Test
  @BadInput(98)
  void noRequestFailsAndNothingIsKept(@TempDir Path folder) throws Exception {
    Path models = Files.createDirectory(folder.resolve("models"));
    Repository.of(models, "identity-fp32", "slow");
    Path changing = Files.createDirectory(models.resolve("changing"));
    put(1, changing);
    try (SkiffProcess server =
            SkiffProcess.serve(Map.of(), OPTIONS, models, "--model-control=explicit");
        LoadedClients clients = new LoadedClients(server.address())) {
      clients.awaitAnswers(100);
      long settled = 0;
      for (int i = 1; i <= RELOADS; i++) {
        switch (i % 3) {
          case 0 -> reload(server, "identity-fp32");
          case 1 -> reload(server, "slow");
          default -> {
            int factor = 1 + i % 2;
            put(factor, changing);
            reload(server, "changing");
            assertThat(server.post("/predict/changing", "[1,2,3]").body())
                .isEqualTo(
                    "{\"prediction\":[%d.0,%d.0,%d.0]}".formatted(factor, 2 * factor, 3 * factor));
          }
        }
        if (i == SETTLED) {
          settled = server.process().residentKib();
        }
      }
      long grown = server.process().residentKib() - settled;
      clients.sendAway();
      clients.awaitLast();
      assertThat(clients.wrong()).isEmpty();
      assertThat(clients.unanswered()).isEmpty();
      assertThat(clients.refused()).isZero();
      assertThat(grown).as("KiB more than %d", settled).isLessThan(MOST_GROWTH_KIB);
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
      server.process().signal("TERM");
      int status;
      do {
        status = load(server, "slow").statusCode();
      } while (status == 200);
      assertThat(status).isEqualTo(503);
      assertThat(server.process().awaitExit()).isZero();
      clients.awaitLast();
      assertThat(clients.wrong()).isEmpty();
    }
  }

  private static void reload(SkiffProcess server, String model)
      throws IOException, InterruptedException {
    HttpResponse<String> reply = load(server, model);
    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
  }

  private static HttpResponse<String> load(SkiffProcess server, String model)
      throws IOException, InterruptedException {
    return server.post("/v2/repository/models/" + model + "/load", "{}");
  }

  /** A model that multiplies by this, whole from one moment to the next. */
  private static void put(int factor, Path folder) throws IOException {
    Path next = folder.resolve("next");
    Files.copy(Path.of("src/test/fixtures/versions/" + factor, "model.onnx"), next);
    Files.move(next, folder.resolve("model.onnx"), StandardCopyOption.ATOMIC_MOVE);
  }
}
