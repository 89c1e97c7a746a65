package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Models that hang, and are flooded with requests meanwhile. */
@BothDoors
@Timeout(240)
class IsolationIT {
  private static final int POOL = 48;

  /** One model alone may have two thirds, and the next as much of the rest. */
  private static final int MOST_WAITING = 32 + 11;

  private static final String COUNT = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[%d]}}";

  private final ExecutorService clients =
      Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory());

  @AfterEach
  void close() {
    clients.close();
  }

  @Test
  void leaveTheOthersAlone(@TempDir Path folder, Door door) throws Exception {
    for (String model : List.of("one", "two", "three")) {
      Path file = Files.createDirectory(folder.resolve(model)).resolve("model.onnx");
      Files.copy(TestServer.FIXTURES.resolve("slow/model.onnx"), file);
    }
    TestServer.folder(folder, "unnamed");
    try (TestServer server = door.start(folder, "--http-threads=" + POOL)) {
      Duration hang = Duration.ofSeconds(5);
      while (!areLeftAlone(server, hang)) {
        hang = hang.multipliedBy(2);
      }
    }
  }

  /**
   * Floods a server with requests that hang for so long.
   *
   * @return false if that was not long enough to see it all, as may be on a busy machine: then this
   *     proves nothing
   */
  private boolean areLeftAlone(TestServer server, Duration hang) throws Exception {
    long start = System.nanoTime();
    List<Future<Reply>> flood = new ArrayList<>();
    for (int i = 0; i < POOL; i++) {
      flood.add(clients.submit(() -> server.send(hanging("/predict/one", server, hang))));
      flood.add(clients.submit(() -> server.send(hanging("/predict/two", server, hang))));
    }
    // All others have been refused: those left hold what two models may.
    while (flood.stream().filter(one -> !one.isDone()).count() > MOST_WAITING) {
      assertServes(server);
    }
    for (int i = 0; i < 5; i++) {
      assertServes(server);
    }
    boolean isInTime = System.nanoTime() - start < hang.toNanos();
    int refused = 0;
    for (Future<Reply> one : flood) {
      Reply reply = one.get();
      reply.refused(reply.status() == 503 ? ErrorCode.OVERLOADED : ErrorCode.DEADLINE_EXCEEDED);
      refused += reply.status() == 503 ? 1 : 0;
    }
    if (isInTime) {
      assertThat(refused).isBetween(2 * POOL - MOST_WAITING, 2 * POOL - 1);
    }
    // What hung is free again.
    server.post("/predict/one", COUNT.formatted(1)).ok();
    return isInTime;
  }

  private static HttpRequest.Builder hanging(String path, TestServer server, Duration hang) {
    return server
        .request(path)
        .header("X-Request-Timeout-Ms", Long.toString(hang.toMillis()))
        .POST(BodyPublishers.ofString(COUNT.formatted(1L << 40)));
  }

  /** A model that needs a thread of the pool, one that does not, and those who look after it. */
  private static void assertServes(TestServer server) throws IOException {
    server.post("/predict/three", COUNT.formatted(1)).ok();
    server.post("/predict/unnamed", "[1,2,3]").ok();
    server.get("/health").ok();
    assertThat(server.get("/metrics").status()).isEqualTo(200);
  }
}
