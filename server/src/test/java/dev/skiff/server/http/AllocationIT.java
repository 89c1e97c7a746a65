package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a steady stream of small predictions allocates in a whole server: on the selectors' threads
 * and all others, from the bytes that came to the bytes that went, with Jetty, Jackson and ONNX
 * Runtime's binding.
 */
@Timeout(240)
class AllocationIT {
  /** It was 5,200 to 6,000 when this was written, as the compiler would have it. */
  private static final long MOST_BYTES = 8 << 10;

  private static final int ROUNDS = 10;
  private static final int ROUND = 2_000;

  private static final byte[] REQUEST = request();

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** One request at a time runs alone; those of several connections run together, too. */
  @ParameterizedTest
  @ValueSource(ints = {1, 8})
  void aSteadyPredictionAllocatesLittle(int connections) throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try (TestServer server = Door.FAST_LANE.start(TestServer.MODELS)) {
      List<InputStream> replies = new ArrayList<>();
      for (int i = 0; i < connections; i++) {
        Socket socket = server.connect();
        sockets.add(socket);
        socket.setTcpNoDelay(true);
        replies.add(new BufferedInputStream(socket.getInputStream()));
      }
      long least = Long.MAX_VALUE;
      // The first rounds are interpreted, the last ones compiled.
      for (int round = 0; round < ROUNDS; round++) {
        long before = allocatedByServer();
        for (int i = 0; i < ROUND / connections; i++) {
          for (Socket socket : sockets) {
            socket.getOutputStream().write(REQUEST);
          }
          for (InputStream in : replies) {
            assertThat(PipeliningIT.reply(in)).startsWith("{\"prediction\":[");
          }
        }
        least = Math.min(least, (allocatedByServer() - before) / ROUND);
      }
      assertThat(least).isLessThan(MOST_BYTES);
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  /** By all threads of the process but this one, which is the client's. */
  private long allocatedByServer() {
    return threads.getTotalThreadAllocatedBytes() - threads.getCurrentThreadAllocatedBytes();
  }

  private static byte[] request() {
    String row = new String(AllocationTest.ROW, StandardCharsets.US_ASCII);
    return """
        POST /predict/digits HTTP/1.1
        Host: localhost
        User-Agent: test
        Accept: */*
        Content-Type: application/json
        Content-Length: %d

        %s"""
        .formatted(row.length(), row)
        .replace("\n", "\r\n")
        .getBytes(StandardCharsets.US_ASCII);
  }
}
