package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SlowRequestsTest {
  private static final String HALF = "POST / HTTP/1.1\r\nHost: a\r\nContent-Le";
  private static final String REST = "ngth: 2\r\nConnection: close\r\n\r\n";

  private static final String LARGE =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n";

  private final QueuedThreadPool threads = new QueuedThreadPool(8, 8);
  private final Server jetty = new Server(threads);
  private final ServerConnector connector = new ServerConnector(jetty, 0, 1);
  private final SlowRequests slow = new SlowRequests(connector, Duration.ZERO);

  @BeforeEach
  void start() throws Exception {
    jetty.addConnector(connector);
    jetty.setHandler(
        new Handler.Abstract() {
          @Override
          public boolean handle(Request request, Response response, Callback callback)
              throws IOException {
            Content.Source.asString(request);
            response.write(true, null, callback);
            return true;
          }
        });
    jetty.start();
  }

  @AfterEach
  void stop() throws Exception {
    jetty.stop();
  }

  @Test
  void givesUpOnAHead() throws Exception {
    try (Socket client = send(HALF)) {
      awaitWaiting();
      tickUntilClosed();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void givesUpOnABodyWithAReply() throws Exception {
    try (Socket client = send(HALF + REST + "x")) {
      awaitWaiting();
      tickUntilClosed();
      assertThat(text(client)).startsWith("HTTP/1.1 500");
    }
  }

  @Test
  void readsWhatHasComeBeforeItGivesUp() throws Exception {
    try (Socket client = send(HALF)) {
      awaitWaiting();
      CountDownLatch busy = occupyAllThreads();
      client.getOutputStream().write((REST + "{}").getBytes(StandardCharsets.US_ASCII));
      for (int i = 0; i < 10; i++) {
        slow.run();
      }
      busy.countDown();
      assertThat(text(client)).startsWith("HTTP/1.1 200");
    }
  }

  /** It comes faster than a small body has to. */
  @Test
  void givesUpOnALargeBodyThatTrickles() throws Exception {
    AtomicLong clock = new AtomicLong();
    SlowRequests timed = new SlowRequests(connector, Duration.ofSeconds(10), clock::get);
    try (Socket client = send(LARGE + "x".repeat(100_000))) {
      awaitWaiting();
      int seconds = 0;
      for (long sent = 100_000; !connector.getConnectedEndPoints().isEmpty(); seconds++) {
        awaitContent(sent);
        timed.run();
        clock.addAndGet(1_000_000_000);
        if (seconds < 16) {
          client.getOutputStream().write(new byte[1_000]);
          sent += 1_000;
        }
      }
      // 10 s, and one for each 16 KiB of 116,000 bytes.
      assertThat(seconds).isGreaterThan(17);
      assertThat(text(client)).startsWith("HTTP/1.1 500");
    }
  }

  @Test
  void waitsForALargeBodyThatComes() throws Exception {
    AtomicLong clock = new AtomicLong();
    SlowRequests timed = new SlowRequests(connector, Duration.ofSeconds(10), clock::get);
    try (Socket client = send(LARGE + "x".repeat(100_000))) {
      awaitWaiting();
      for (long sent = 100_000; sent < 1_000_000; sent += 20_000) {
        awaitContent(sent);
        timed.run();
        clock.addAndGet(1_000_000_000);
        client.getOutputStream().write(new byte[20_000]);
      }
      assertThat(text(client)).startsWith("HTTP/1.1 200");
    }
  }

  private Socket send(String text) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  private static String text(Socket client) throws IOException {
    return new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
  }

  /** Waits until the server has read all that was sent. */
  private void awaitWaiting() throws InterruptedException {
    while (connector.getConnectedEndPoints().stream()
        .noneMatch(
            end ->
                end.isFillInterested()
                    && end.getConnection() instanceof HttpConnection connection
                    && connection.getBytesIn() > 0)) {
      Thread.sleep(1);
    }
  }

  /** Waits until the server has read so much of a body, or has given up. */
  private void awaitContent(long bytes) throws InterruptedException {
    while (connector.getConnectedEndPoints().stream()
        .anyMatch(
            end ->
                !end.isFillInterested()
                    || !(end.getConnection() instanceof HttpConnection connection)
                    || connection.getParser().getContentRead() < bytes)) {
      Thread.sleep(1);
    }
  }

  private void tickUntilClosed() throws InterruptedException {
    while (!connector.getConnectedEndPoints().isEmpty()) {
      slow.run();
      Thread.sleep(1);
    }
  }

  /** All but the selector's own. */
  private CountDownLatch occupyAllThreads() throws InterruptedException {
    CountDownLatch end = new CountDownLatch(1);
    while (threads.getIdleThreads() > 0) {
      CountDownLatch begun = new CountDownLatch(1);
      threads.execute(
          () -> {
            begun.countDown();
            try {
              end.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      begun.await();
    }
    return end;
  }
}
