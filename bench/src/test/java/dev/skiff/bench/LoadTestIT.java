package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The load tester against real servers in this process. Nothing here is about speed. */
class LoadTestIT {
  private static final byte[] BODY = "[1, 2, 3]".getBytes(StandardCharsets.UTF_8);

  /** Longer than any reply takes, however busy this machine is. */
  private static final double PATIENCE_SECONDS = 60;

  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  private final AtomicInteger received = new AtomicInteger();
  private final AtomicInteger wrongBodies = new AtomicInteger();
  private final List<String> said = new ArrayList<>();
  private HttpServer server;

  @BeforeEach
  void startServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(LOOPBACK, 0), 0);
    server.createContext("/fixed", exchange -> reply(exchange, 200, BODY.length));
    server.createContext("/chunked", exchange -> reply(exchange, 200, 0));
    server.createContext(
        "/flaky", exchange -> reply(exchange, received.get() % 4 == 0 ? 503 : 200, BODY.length));
    server.createContext(
        "/closing",
        exchange -> {
          exchange.getResponseHeaders().set("Connection", "close");
          reply(exchange, 200, BODY.length);
        });
    server.start();
  }

  @AfterEach
  void stopServer() {
    server.stop(0);
  }

  private void reply(HttpExchange exchange, int status, int length) throws IOException {
    try (exchange) {
      received.incrementAndGet();
      if (!new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)
          .equals("[1, 2, 3]")) {
        wrongBodies.incrementAndGet();
      }
      exchange.sendResponseHeaders(status, length);
      exchange.getResponseBody().write(BODY);
    }
  }

  private Measurement measure(Loop loop, String path) throws IOException, InterruptedException {
    return measure(loop, server.getAddress().getPort(), path, PATIENCE_SECONDS);
  }

  private Measurement measure(Loop loop, int port, String path, double timeoutSeconds)
      throws IOException, InterruptedException {
    String url = "http://127.0.0.1:" + port + path;
    Settings settings =
        new Settings(
            url,
            "POST",
            List.of(),
            "application/json",
            BODY.length,
            loop,
            4,
            2,
            new WarmUp.Fixed(0.1),
            1,
            timeoutSeconds);
    Request request = Request.of(URI.create(url), "POST", List.of(), "application/json", BODY);
    return new LoadTest(settings, request, said::add).run();
  }

  private static long successes(Measurement measurement) {
    return measurement.tally().latency().getTotalCount();
  }

  @Test
  void closedLoopCountsEveryReply() throws Exception {
    Measurement measurement = measure(new Loop.Closed(), "/fixed");

    assertThat(successes(measurement)).isBetween(1L, (long) received.get());
    assertThat(measurement.tally().errors()).isEmpty();
    assertThat(measurement.tally().unanswered()).isBetween(0L, 4L);
    assertThat(measurement.tally().bytesIn()).isGreaterThan(successes(measurement) * BODY.length);
    assertThat(wrongBodies).hasValue(0);
  }

  @Test
  void saysEachSecondHowItGoes() throws Exception {
    measure(new Loop.Open(50), "/fixed");

    assertThat(said)
        .singleElement(InstanceOfAssertFactories.STRING)
        .matches("measuring 1 s: \\d+ requests/s, 0 errors");
  }

  @Test
  void readsChunkedReplies() throws Exception {
    Measurement measurement = measure(new Loop.Closed(), "/chunked");

    assertThat(successes(measurement)).isPositive();
    assertThat(measurement.tally().errors()).isEmpty();
  }

  @Test
  void opensAConnectionAnewWhenTheServerClosesIt() throws Exception {
    Measurement measurement = measure(new Loop.Closed(), "/closing");

    assertThat(successes(measurement)).isGreaterThan(4);
    assertThat(measurement.tally().errors()).isEmpty();
  }

  @Test
  void openLoopSendsWhatWasPlannedAndNoMore() throws Exception {
    long start = System.nanoTime();
    Measurement measurement = measure(new Loop.Open(50), "/fixed");
    double seconds = (System.nanoTime() - start) / 1e9;

    // 50 are due in the second; each of the 4 connections may bring one more from the warm-up.
    assertThat(successes(measurement)).isPositive();
    assertThat(successes(measurement) + measurement.tally().unanswered()).isBetween(50L, 54L);
    // The same in the warm-up of 0.1 s, or longer where this machine is slow to end it.
    assertThat(received.get()).isLessThan((int) (50 * seconds) + 10);
  }

  @Test
  void openLoopCountsTheWaitForAFreeConnection() throws Exception {
    server.createContext("/slow", exchange -> replyAfter(exchange, 200));

    Measurement measurement = measure(new Loop.Open(100), "/slow");

    // The server answers one after the other, 5 in the second; a request alone takes 0.2 s, four
    // that are under way 0.8 s, and what waits for a connection longer still.
    assertThat(measurement.tally().unanswered()).isGreaterThan(80);
    assertThat(measurement.tally().oldestUnansweredNanos()).isGreaterThan(800_000_000);
  }

  private void replyAfter(HttpExchange exchange, long millis) throws IOException {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    reply(exchange, 200, BODY.length);
  }

  @Test
  void errorsAreCountedAndTimedByStatus() throws Exception {
    Measurement measurement = measure(new Loop.Closed(), "/flaky");

    assertThat(measurement.tally().errors()).containsOnlyKeys("503");
    assertThat(successes(measurement)).isPositive();
    assertThat(measurement.tally().errors().get("503")).isPositive();
    assertThat(measurement.tally().errorLatency())
        .hasEntrySatisfying(
            "503",
            latency ->
                assertThat(latency.getTotalCount())
                    .isEqualTo(measurement.tally().errors().get("503")));

    assertThat(measure(new Loop.Open(50), "/missing").tally())
        .satisfies(tally -> assertThat(tally.errors()).containsOnlyKeys("404"))
        .satisfies(tally -> assertThat(tally.latency().getTotalCount()).isZero());
  }

  @Test
  void aServerThatIsNotThereIsAnError() throws Exception {
    int port = server.getAddress().getPort();
    server.stop(0);

    Measurement measurement = measure(new Loop.Closed(), port, "/fixed", PATIENCE_SECONDS);

    assertThat(measurement.tally().errors()).containsOnlyKeys("connect");
    assertThat(successes(measurement)).isZero();
  }

  @Test
  void aServerThatNeverAnswersIsAnError() throws Exception {
    // Connections are opened but never accepted; the queue holds all that the test can open.
    try (ServerSocket silent = new ServerSocket(0, 100, LOOPBACK)) {
      Measurement measurement = measure(new Loop.Closed(), silent.getLocalPort(), "/", 0.2);

      assertThat(measurement.tally().errors()).containsOnlyKeys("timeout");
      assertThat(successes(measurement)).isZero();
    }
  }

  @Test
  void echoSendsTheBodyBack() throws Exception {
    EchoServer echo = new EchoServer(0);
    Thread thread = Thread.ofPlatform().start(() -> serve(echo));
    try (echo) {
      Measurement measurement = measure(new Loop.Closed(), echo.port(), "/", PATIENCE_SECONDS);

      assertThat(successes(measurement)).isPositive();
      assertThat(measurement.tally().errors()).isEmpty();
    }
    thread.join();
  }

  private static void serve(EchoServer echo) {
    try {
      echo.run();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void theProgramWritesItsResult(@TempDir Path folder) throws Exception {
    Path body = Files.write(folder.resolve("body.json"), BODY);
    Path out = folder.resolve("result.json");
    String[] args = {
      "run",
      "--url=http://127.0.0.1:" + server.getAddress().getPort() + "/fixed",
      "--body=" + body,
      "--connections=2",
      "--warm-up=0s",
      "--duration=1s",
      "--header=X-Test: 1",
      "--name=digits",
      "--out=" + out
    };

    assertThat(Main.commandLine(List.of(args)).execute(args)).isZero();

    Result result = Result.read(out).getFirst();
    assertThat(result.name()).isEqualTo("digits");
    assertThat(result.commandLine()).containsExactly(args);
    assertThat(result.settings().method()).isEqualTo("POST");
    assertThat(result.settings().headers()).containsExactly("X-Test: 1");
    assertThat(result.machine().cores()).isPositive();
    assertThat(result.requestsPerSecond()).hasSize(1);
    assertThat(result.errors()).isEmpty();
  }

  @Test
  void theProgramRehearsesAndThenWaitsForTheServer(@TempDir Path folder) throws Exception {
    AtomicInteger probes = new AtomicInteger();
    server.createContext(
        "/ready", exchange -> reply(exchange, probes.incrementAndGet() < 3 ? 503 : 200, 0));
    String url = "http://127.0.0.1:" + server.getAddress().getPort();
    String[] args = {
      "run",
      "--url=" + url + "/fixed",
      "--body=" + Files.write(folder.resolve("body.json"), BODY),
      "--rehearse=100ms",
      "--await=" + url + "/ready",
      "--idle=10ms",
      "--warm-up=0s",
      "--duration=1s"
    };

    assertThat(Main.commandLine(List.of(args)).execute(args)).isZero();
    assertThat(probes).hasValue(3);
  }

  @Test
  void theProgramDrawsItsResults(@TempDir Path folder) throws Exception {
    String out = folder.resolve("result.json").toString();
    String page = folder.resolve("report.html").toString();
    String url = "http://127.0.0.1:" + server.getAddress().getPort() + "/fixed";
    String[] run = {"run", "--url=" + url, "--warm-up=0s", "--duration=1s", "--out=" + out};
    String[] report = {"report", "--out=" + page, out};

    Main.commandLine(List.of(run)).execute(run);
    assertThat(Main.commandLine(List.of(report)).execute(report)).isZero();
    assertThat(Path.of(page)).content().contains("<svg");
  }

  @Test
  void theProgramFailsWhereNothingSucceeded() {
    String[] args = {
      "run",
      "--url=http://127.0.0.1:" + server.getAddress().getPort() + "/missing",
      "--warm-up=0s",
      "--duration=100ms"
    };

    assertThat(Main.commandLine(List.of(args)).execute(args)).isEqualTo(1);
  }

  @Test
  void theProgramRefusesAUrlThatItCannotUse() {
    String[] args = {"run", "--url=https://127.0.0.1/"};

    assertThat(Main.commandLine(List.of(args)).execute(args)).isEqualTo(2);
  }
}
