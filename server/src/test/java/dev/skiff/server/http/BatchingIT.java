package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What clients see of the dynamic batcher. The first server of a JVM takes long to start. */
@BothDoors
@Timeout(240)
class BatchingIT {
  private static final String JSON =
      """
      {"batching": "on", "max-batch-size": 4, "preferred-batch-sizes": [2, 4], "queue-delay": "20s"}
      """;

  @TempDir Path folder;

  @Test
  void requestsWaitForCompanyAndRunTogether(Door door) throws Exception {
    try (TestServer server = start(door);
        ExecutorService clients = Executors.newCachedThreadPool()) {
      Callable<Reply> one = () -> server.post("/predict/identity-fp32", "[1,2,3]");
      for (var reply : clients.invokeAll(List.of(one, one))) {
        assertThat(reply.get().ok().toString()).isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
      }
      JsonNode stats = server.statistics("identity-fp32", 2);
      assertThat(stats.get("inference_count").asInt()).isEqualTo(2);
      assertThat(stats.get("execution_count").asInt()).isEqualTo(1);
      assertThat(stats.get("batch_stats")).hasSize(1);
      assertThat(stats.at("/batch_stats/0/batch_size").asInt()).isEqualTo(2);
      assertThat(stats.at("/batch_stats/0/compute_infer/count").asInt()).isEqualTo(1);
    }
  }

  @Test
  void aRequestOfTooManyRowsIsRefused(Door door) throws IOException {
    try (TestServer server = start(door)) {
      String row = "[1,2,3]";
      assertThat(post(server, row, row, row, row).status()).isEqualTo(200);
      Reply reply = post(server, row, row, row, row, row);
      assertThat(reply.status()).isEqualTo(400);
      assertThat(reply.text()).contains("the model takes at most 4 rows at a time, got 5");
    }
  }

  @Test
  void theConfigurationSaysWhatIsJoined(Door door) throws IOException {
    try (TestServer server = start(door)) {
      JsonNode config = server.get("/v2/models/identity-fp32/config").ok();
      assertThat(config.get("max_batch_size").asInt()).isEqualTo(4);
      assertThat(config.get("dynamic_batching").toString())
          .isEqualTo("{\"preferred_batch_size\":[2,4],\"max_queue_delay_microseconds\":20000000}");
      JsonNode fixed = server.get("/v2/models/fixed/config").ok();
      assertThat(fixed.get("max_batch_size").asInt()).isZero();
      assertThat(fixed.has("dynamic_batching")).isFalse();
      assertThat(fixed.at("/parameters/dynamic_batching/string_value").asText())
          .isEqualTo("off: input 'x' has no open outermost dimension");
    }
  }

  private TestServer start(Door door) throws IOException {
    TestServer.folder(folder, "identity-fp32", "fixed");
    Files.writeString(folder.resolve("identity-fp32/model.json"), JSON);
    return door.start(folder);
  }

  private static Reply post(TestServer server, String... rows) {
    return server.post(
        "/predict/identity-fp32", "{\"instances\":[" + String.join(",", rows) + "]}");
  }
}
