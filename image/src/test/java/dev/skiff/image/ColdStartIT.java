package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * From docker run to the first answer of /predict, less what docker run of an empty container takes
 * (the base image and {@code true}, with a port published as well); and the same without the AOT
 * cache. Rounds of one of each, one after the other, so that all meet the same noise; the medians
 * of the rounds' differences and ratios count.
 */
@Tag("image")
class ColdStartIT {
  private static final int ROUNDS = 5;

  private static final byte[] REQUEST =
      """
      POST /predict HTTP/1.1\r
      Host: localhost\r
      Content-Type: application/json\r
      Content-Length: %d\r
      Connection: close\r
      \r
      %s"""
          .formatted(Skiff.ROW.length(), Skiff.ROW)
          .getBytes(UTF_8);

  /** Milliseconds of an empty container, and from docker run to the first answer. */
  private record Round(double empty, double answer, double answerWithoutCache) {
    double difference() {
      return answer - empty;
    }

    double ratio() {
      return difference() / (answerWithoutCache - empty);
    }
  }

  @Test
  @Timeout(180)
  void theFirstAnswerComesSoon() throws Exception {
    String base = ImageUnderTest.base();
    round(base);
    List<Round> rounds = new ArrayList<>();
    for (int index = 0; index < ROUNDS; index++) {
      rounds.add(round(base));
    }
    double difference = median(rounds, Round::difference);
    System.out.println(Budgets.COLD_START.line(difference));
    Budgets.COLD_START_RATIO.check(median(rounds, Round::ratio));
    Budgets.COLD_START_GATE.check(difference);
  }

  private static Round round(String base) throws Exception {
    var round =
        new Round(
            emptyContainer(base),
            firstAnswer(),
            firstAnswer("--env", "JAVA_TOOL_OPTIONS=-XX:AOTMode=off"));
    System.out.printf(
        Locale.ROOT,
        "cold start  empty container %4.0f ms, first answer %4.0f ms, without cache %4.0f ms%n",
        round.empty,
        round.answer,
        round.answerWithoutCache);
    return round;
  }

  private static double median(List<Round> rounds, ToDoubleFunction<Round> measure) {
    return rounds.stream().mapToDouble(measure).sorted().toArray()[ROUNDS / 2];
  }

  private static double emptyContainer(String base) throws IOException {
    int port = freePort();
    long start = System.nanoTime();
    String container = run(port, List.of(), base, "true");
    double milliseconds = millisecondsSince(start);
    Docker.run("rm", "--force", container);
    return milliseconds;
  }

  private static double firstAnswer(String... options) throws Exception {
    int port = freePort();
    String image = ImageUnderTest.name();
    long start = System.nanoTime();
    String container = run(port, List.of(options), image);
    try {
      String reply = ask(port);
      while (!reply.startsWith("HTTP/1.1 200")) {
        assertThat(millisecondsSince(start)).as("waiting for an answer").isLessThan(60_000);
        TimeUnit.MILLISECONDS.sleep(5);
        reply = ask(port);
      }
      double milliseconds = millisecondsSince(start);
      assertThat(reply).endsWith(Skiff.ANSWER);
      return milliseconds;
    } finally {
      Docker.run("rm", "--force", container);
    }
  }

  private static String run(int port, List<String> options, String... imageAndCommand) {
    List<String> arguments =
        new ArrayList<>(List.of("run", "--detach", "--publish", "127.0.0.1:" + port + ":8080"));
    arguments.addAll(options);
    arguments.addAll(List.of(imageAndCommand));
    return Docker.run(arguments.toArray(String[]::new));
  }

  /**
   * The reply, or nothing as long as nobody listens. Not asked before docker run is back: a
   * connection made before the container's network is up makes the kernel look for its address in
   * vain, and then again only after a second.
   */
  private static String ask(int port) {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      socket.setSoTimeout(5000);
      socket.getOutputStream().write(REQUEST);
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static double millisecondsSince(long start) {
    return (System.nanoTime() - start) / 1e6;
  }
}
