package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Ten thousand refusals of a hundred clients, again and again. That many clients at once, and what
 * the system sees of it, is {@code ManyRefusalsIT}'s.
 */
@BothDoors
@Timeout(240)
class RefusalMemoryIT {
  private static final int CONNECTIONS = 100;
  private static final int EACH = 100;
  private static final int ROUNDS = 8;

  /** What is kept may not reach 100 bytes for each refusal. */
  private static final long MOST_BYTES = CONNECTIONS * EACH * 100L;

  private static final List<String> REFUSED =
      List.of(
          request("/predict/unknown", "[1,2,3]"),
          request("/predict/broken", "[1,2,3]"),
          request("/predict/unnamed", "[1,2"),
          request("/v2/models/unnamed/infer", "{\"inputs\":[]}"));

  @Test
  void leaveNothingBehind(TestServer server) throws IOException {
    // What threads and connections take once comes in some rounds, what refusals leave behind in
    // all of them: one round without is enough.
    long heap = Long.MAX_VALUE;
    long direct = Long.MAX_VALUE;
    for (int i = 0; i < ROUNDS && Math.max(heap, direct) >= MOST_BYTES; i++) {
      long heapBefore = heap();
      long directBefore = direct();
      refuse(server);
      heap = Math.min(heap, heap() - heapBefore);
      direct = Math.min(direct, direct() - directBefore);
    }
    assertThat(heap).as("of the heap").isLessThan(MOST_BYTES);
    assertThat(direct).as("outside of it").isLessThan(MOST_BYTES);
    server.post("/predict/unnamed", "[1,2,3]").ok();
  }

  /** All requests are on their way before the first reply is read. */
  private static void refuse(TestServer server) throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        Socket socket = server.connect();
        sockets.add(socket);
        String requests = REFUSED.get(i % REFUSED.size()).repeat(EACH);
        socket.getOutputStream().write(requests.getBytes(StandardCharsets.US_ASCII));
      }
      for (Socket socket : sockets) {
        InputStream in = new BufferedInputStream(socket.getInputStream());
        for (int i = 0; i < EACH; i++) {
          Reply refused = Reply.parse(TestServer.head(in));
          assertThat(refused.status()).isIn(400, 404, 503);
          in.skipNBytes(Long.parseLong(refused.header("Content-Length")));
        }
      }
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private static String request(String path, String body) {
    return "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        .formatted(path, body.length(), body);
  }

  private static long heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static long direct() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getTotalCapacity)
        .sum();
  }
}
