package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ten thousand clients at once, each on a connection of its own, whom the server of a small pod
 * refuses. Its heap allows for 3,072 connections at a time; the others wait until it accepts them.
 */
@Timeout(240)
final class ManyRefusalsIT {
  private static final int CLIENTS = 10_000;

  /** The heap that the image has in a pod of 256 MB, all of it taken from the start. */
  private static final List<String> OPTIONS =
      List.of("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+ExitOnOutOfMemoryError");

  private static final long POD_KIB = 256 << 10;

  /** What a second round takes more than the first: not 200 bytes for each refusal. */
  private static final long MOST_GROWTH_KIB = (CLIENTS * 200L) >> 10;

  /** Requests, and the replies that begin so and contain that. */
  private static final List<Refusal> REFUSALS =
      List.of(
          new Refusal("/predict/unknown", "[1,2,3]", "404 ", "NOT_FOUND"),
          new Refusal("/predict/identity-fp32", "[1,2", "400 ", "INVALID_ARGUMENT"),
          new Refusal("/v2/models/identity-fp32/infer", "{}", "400 ", "INVALID_ARGUMENT"),
          new Refusal("/predict/slow", count(1), "503 ", "OVERLOADED"));

  private record Refusal(String path, String body, String status, String code) {
    ByteBuffer request() {
      return StandardCharsets.US_ASCII.encode(
          "POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
              .formatted(path, body.length(), body));
    }

    boolean is(String reply) {
      return reply.startsWith("HTTP/1.1 " + status) && reply.contains(code);
    }
  }

  /**
   * By the lane alone: the servlets have a thread read each head, and on a busy machine that comes
   * to many later than the ten seconds that a head may take.
   */
  @Test
  void takeNoMemory(@TempDir Path folder) throws Exception {
    var system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long files = system.getMaxFileDescriptorCount();
    Tools.require(
        files > CLIENTS + 1_000, "this needs 11,000 open files (ulimit -Hn), there are " + files);
    Path models = Repository.of(folder, "identity-fp32", "slow");
    try (SkiffProcess server =
        SkiffProcess.serve(
            Map.of(),
            OPTIONS,
            models,
            "--rehearsal=0s",
            "--concurrency=1",
            "--queue-limit=1",
            "--request-timeout=10m")) {
      List<Future<?>> slow = fillTheQueue(server);
      int port = URI.create("http://" + server.address()).getPort();
      assertThat(refused(port)).isEqualTo(expected());
      long settled = server.process().peakKib();
      assertThat(refused(port)).isEqualTo(expected());
      long peak = server.process().peakKib();
      assertThat(peak).isLessThan(POD_KIB);
      assertThat(peak - settled).as("KiB more than %d", settled).isLessThan(MOST_GROWTH_KIB);
      assertThat(server.post("/predict/identity-fp32", "[1,2,3]").statusCode()).isEqualTo(200);
      assertThat(slow).as("the queue was full all the time").noneMatch(Future::isDone);
    }
  }

  /** One runs as long as the test takes, and one waits for it. */
  private static List<Future<?>> fillTheQueue(SkiffProcess server) throws Exception {
    String waits = "skiff_queue_size{model=\"slow\",version=\"1\"} 1.0";
    List<Future<?>> slow = new ArrayList<>();
    slow.add(server.begin("/predict/slow", count(1L << 40)));
    slow.add(server.begin("/predict/slow", count(1L << 40)));
    while (!server.get("/metrics").body().contains(waits)) {
      Thread.onSpinWait();
    }
    return slow;
  }

  private static String count(long iterations) {
    return "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[%d]}}".formatted(iterations);
  }

  /** How many got the refusal that was due to them, by its code, and how many did not. */
  private static Map<String, Integer> refused(int port) throws IOException {
    Map<String, Integer> counts = new TreeMap<>();
    List<Client> clients = new ArrayList<>();
    try (Selector selector = Selector.open()) {
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(new Client(REFUSALS.get(i % REFUSALS.size()), selector, port));
      }
      int open = CLIENTS;
      ByteBuffer buffer = ByteBuffer.allocate(4 << 10);
      while (open > 0) {
        selector.select();
        for (SelectionKey key : selector.selectedKeys()) {
          Client client = (Client) key.attachment();
          if (!client.goOn(key, buffer)) {
            open--;
            counts.merge(client.got(), 1, Integer::sum);
          }
        }
        selector.selectedKeys().clear();
      }
    } finally {
      for (Client client : clients) {
        client.channel.close();
      }
    }
    return counts;
  }

  private static Map<String, Integer> expected() {
    Map<String, Integer> expected = new TreeMap<>();
    REFUSALS.forEach(
        refusal -> expected.merge(refusal.code, CLIENTS / REFUSALS.size(), Integer::sum));
    return expected;
  }

  /** It connects, sends its request, and reads until the connection ends. */
  private static final class Client {
    final SocketChannel channel = SocketChannel.open();
    final Refusal refusal;
    final StringBuilder reply = new StringBuilder();

    Client(Refusal refusal, Selector selector, int port) throws IOException {
      this.refusal = refusal;
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_CONNECT, this);
      channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** Whether there is more to come. */
    boolean goOn(SelectionKey key, ByteBuffer buffer) throws IOException {
      if (key.isConnectable()) {
        channel.finishConnect();
        channel.write(refusal.request());
        key.interestOps(SelectionKey.OP_READ);
        return true;
      }
      int count = channel.read(buffer.clear());
      reply.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
      if (count < 0) {
        channel.close();
      }
      return count >= 0;
    }

    /** The code of the refusal that was due, or what came instead. */
    String got() {
      return refusal.is(reply.toString()) ? refusal.code : "'" + reply + "'";
    }
  }
}
