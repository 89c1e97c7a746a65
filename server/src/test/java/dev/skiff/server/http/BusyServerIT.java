package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.BadInput;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a server still answers while all threads of its pool are taken. */
@Timeout(240)
class BusyServerIT {
  private static final int POOL = 8;
  private static final String SLOW = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[%d]}}";

  private final ExecutorService clients =
      Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory());
  private final List<Socket> sockets = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    clients.close();
  }

  /** Bodies that stall on the way to the servlets keep a thread each. */
  @Test
  void stalledBodiesTakeThePoolAlone(@TempDir Path folder) throws IOException {
    try (TestServer server = start(folder)) {
      String headers = "Host: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n";
      for (int i = 0; i < POOL; i++) {
        send(server, "POST /predict/%75nnamed HTTP/1.1\r\n" + headers);
      }
      for (Socket socket : sockets) {
        // Said by the thread that then waits for the body.
        assertThat(TestServer.head(socket.getInputStream())).startsWith("HTTP/1.1 100");
      }
      try (Socket metrics = server.connect()) {
        // This one needs a thread of the pool.
        write(metrics, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
        assertAnswersProbes(server);
        assertThat(metrics.getInputStream().available()).as("the pool is taken").isZero();
        for (Socket socket : sockets) {
          socket.close();
        }
        assertThat(TestServer.head(metrics.getInputStream())).startsWith("HTTP/1.1 200");
      }
    }
  }

  /** Bodies that stall in the lane keep none. */
  @Test
  void bodiesAreAwaitedWithoutAThread(@TempDir Path folder) throws IOException {
    try (TestServer server = start(folder)) {
      String head = "POST /predict/unnamed HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n[1,";
      for (int i = 0; i < 4 * POOL; i++) {
        send(server, head);
      }
      assertAnswersProbes(server);
      assertThat(server.get("/metrics").status()).isEqualTo(200);
      server.post("/predict/unnamed", "[1,2,3]").ok();
      for (Socket socket : sockets) {
        write(socket, "2,3]");
        assertThat(TestServer.head(socket.getInputStream())).startsWith("HTTP/1.1 200");
      }
    }
  }

  @Test
  void aSlowModelTakesItsShareOfThePool(@TempDir Path folder) throws Exception {
    try (TestServer server = start(folder, "--concurrency=1")) {
      List<Future<Reply>> slow = new ArrayList<>();
      for (int i = 0; i < 2 * POOL; i++) {
        slow.add(clients.submit(() -> server.post("/predict/slow", SLOW.formatted(200_000))));
      }
      // Some runs, one after the other, are left when these have been answered.
      assertAnswersProbes(server);
      assertThat(server.get("/metrics").status()).isEqualTo(200);
      assertThat(slow).anyMatch(future -> !future.isDone());
      int answered = 0;
      for (Future<Reply> future : slow) {
        Reply reply = future.get();
        assertThat(reply.status()).isIn(200, 503);
        answered += reply.status() == 200 ? 1 : 0;
      }
      assertThat(answered).as("two thirds of the pool, or more in turn").isGreaterThan(POOL / 2);
    }
  }

  /** Nothing is left of the pool then: its threads wait for the model. */
  @Test
  @BadInput(86)
  void whatAFullQueueHasNoRoomForIsRefusedInPlace(@TempDir Path folder) throws Exception {
    try (TestServer server = start(folder, "--concurrency=1", "--queue-limit=" + (POOL - 1))) {
      List<Future<Reply>> slow = new ArrayList<>();
      for (int i = 0; i < POOL; i++) {
        slow.add(clients.submit(() -> server.post("/predict/slow", SLOW.formatted(500_000))));
      }
      // Until they have all arrived, one that is sent after them may be answered or wait.
      String refusal = "";
      int millis = 100;
      while (!refusal.startsWith("HTTP/1.1 503") && slow.stream().anyMatch(one -> !one.isDone())) {
        refusal = replyInTime(server, SLOW.formatted(1), millis);
        // A busy machine may need longer even to refuse.
        millis *= 2;
      }
      assertThat(refusal).startsWith("HTTP/1.1 503").contains("Retry-After: 1");
      assertThat(slow).anyMatch(future -> !future.isDone());
    }
  }

  /** The head of the reply; empty if it does not come soon, as if those before are on their way. */
  private String replyInTime(TestServer server, String body, int millis) throws IOException {
    send(
        server,
        "POST /predict/slow HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
            .formatted(body.length(), body));
    sockets.getLast().setSoTimeout(millis);
    try {
      return TestServer.head(sockets.getLast().getInputStream());
    } catch (SocketTimeoutException e) {
      return "";
    }
  }

  @Test
  void aModelWithLoopsNeverRunsInPlace(@TempDir Path folder) throws IOException {
    try (TestServer server = start(folder)) {
      server.post("/predict/slow", SLOW.formatted(1)).ok();
      assertThat(statistics(server, "slow", "in_place")).isEqualTo("false");
      assertThat(Long.parseLong(statistics(server, "slow", "service_time_ns"))).isPositive();
    }
  }

  /** Nothing moves on the connection meanwhile, but that is the server's doing. */
  @Test
  void aLongRunIsNotIdle(@TempDir Path folder) throws IOException {
    try (TestServer server = start(folder, "--idle-timeout=1s")) {
      long nanos = 0;
      for (int iterations = 4_000_000; nanos < 1_500_000_000; iterations *= 2) {
        long start = System.nanoTime();
        server.post("/predict/slow", SLOW.formatted(iterations)).ok();
        nanos = System.nanoTime() - start;
      }
    }
  }

  private static TestServer start(Path folder, String... flags) throws IOException {
    TestServer.folder(folder, "slow", "unnamed");
    List<String> all = new ArrayList<>(List.of(flags));
    all.add("--http-threads=" + POOL);
    return Door.FAST_LANE.start(folder, all.toArray(String[]::new));
  }

  private static void assertAnswersProbes(TestServer server) throws IOException {
    for (String path : new String[] {"/health", "/health/live", "/health/ready"}) {
      // On connections of their own, as probes come.
      Reply.parse(server.raw("GET " + path + " HTTP/1.1\nHost: a\nConnection: close\n\n")).ok();
    }
  }

  private static String statistics(TestServer server, String model, String field) {
    return server
        .get("/v2/models/" + model + "/stats")
        .ok()
        .get("model_stats")
        .get(0)
        .get(field)
        .asText();
  }

  private void send(TestServer server, String text) throws IOException {
    Socket socket = server.connect();
    sockets.add(socket);
    write(socket, text);
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }
}
