package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests that a selector finds at once, to a model whose requests may run together. */
@Timeout(240)
class RoundIT {
  private static final int CONNECTIONS = 40;
  private static final int ROUNDS = 50;

  @Test
  void everyoneGetsTheirOwnAnswerAndRunsAreShared(@TempDir Path folder) throws IOException {
    TestServer.folder(folder, "identity-fp32");
    assertThat(statisticsOfRounds(folder).get("execution_count").asInt())
        .isLessThan(CONNECTIONS * ROUNDS);
  }

  @Test
  void aPreferredSizeIsEnough(@TempDir Path folder) throws IOException {
    TestServer.folder(folder, "identity-fp32");
    Files.writeString(
        folder.resolve("identity-fp32/model.json"), "{\"preferred-batch-sizes\": [2]}");
    assertThat(statisticsOfRounds(folder).get("batch_stats"))
        .extracting(batch -> batch.get("batch_size").asInt())
        .contains(2)
        .isSubsetOf(1, 2);
  }

  /** What the statistics say after some rounds of requests that come at once. */
  private static JsonNode statisticsOfRounds(Path folder) throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try (TestServer server = Door.FAST_LANE.start(folder, "--batching=on")) {
      for (int i = 0; i < CONNECTIONS; i++) {
        sockets.add(server.connect());
      }
      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CONNECTIONS; i++) {
          sockets.get(i).getOutputStream().write(PipeliningIT.request(100 * round + i));
        }
        for (int i = 0; i < CONNECTIONS; i++) {
          assertThat(PipeliningIT.reply(sockets.get(i).getInputStream()))
              .isEqualTo(PipeliningIT.answer(100 * round + i));
        }
      }
      JsonNode stats = server.statistics("identity-fp32", CONNECTIONS * ROUNDS);
      assertThat(stats.get("inference_count").asInt()).isEqualTo(CONNECTIONS * ROUNDS);
      return stats;
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }
}
