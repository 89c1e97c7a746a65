package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.BadInput;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that hold a connection and send little or nothing. */
@Timeout(240)
class SlowClientsIT {
  private static final String HEAD = "POST /predict/unnamed HTTP/1.1\r\nHost: a\r\n";
  private static final String LENGTH = "Content-Length: 1000\r\n\r\n[1,";

  /** By another path, which is Javalin's whatever the door. */
  private static final String SERVLET = "POST /predict/%75nnamed HTTP/1.1\r\nHost: a\r\n" + LENGTH;

  private static final int PATIENCE_MILLIS = 300;

  private final List<Client> clients = new ArrayList<>();

  @AfterEach
  void close() throws IOException {
    for (Client client : clients) {
      client.socket.close();
    }
  }

  /** A client that sends a bit more whenever it finds no reply. */
  private static final class Client {
    final Socket socket;
    final byte[] more;
    final StringBuilder reply = new StringBuilder();
    boolean ended;

    Client(Socket socket, String begin, String more) throws IOException {
      this.socket = socket;
      this.more = more.getBytes(StandardCharsets.US_ASCII);
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.getOutputStream().write(begin.getBytes(StandardCharsets.US_ASCII));
    }

    void go() throws IOException {
      try {
        for (int c = socket.getInputStream().read(); c >= 0; c = socket.getInputStream().read()) {
          reply.append((char) c);
        }
        ended = true;
      } catch (SocketTimeoutException e) {
        // It waits, and so does the server.
        sendMore();
      } catch (SocketException e) {
        ended = true;
      }
    }

    private void sendMore() {
      try {
        socket.getOutputStream().write(more);
      } catch (IOException e) {
        ended = true;
      }
    }
  }

  @Test
  @BadInput({16, 17, 18})
  void areGivenUp(@TempDir Path folder) throws IOException {
    TestServer.folder(folder, "unnamed");
    String management = "--management-port=0";
    try (TestServer lane = Door.FAST_LANE.start(folder, "--idle-timeout=3s", management);
        TestServer servlets = Door.SERVLETS.start(folder, "--idle-timeout=3s")) {
      for (TestServer server : new TestServer[] {lane, servlets}) {
        client(server, HEAD + LENGTH, "");
        client(server, HEAD + LENGTH, " ");
        client(server, HEAD + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n");
        client(server, "", "X");
        client(server, HEAD, "X: y\r\n");
      }
      client(lane, SERVLET, " ");
      Socket managing = new Socket(InetAddress.getLoopbackAddress(), lane.managementPort());
      clients.add(new Client(managing, "GET /metrics HTTP/1.1\r\nHost: a\r\n", "X: y\r\n"));
      long start = System.nanoTime();
      for (List<Client> open = clients; !open.isEmpty(); open = open()) {
        for (Client client : open) {
          client.go();
        }
      }
      assertThat(System.nanoTime() - start).as("some 10 s").isLessThan(40_000_000_000L);
      for (Client client : clients) {
        // A head that never ends gets no reply, and a URI without an end may be refused before.
        String got = client.reply.toString();
        boolean isBody = got.startsWith("HTTP/1.1 408 ");
        assertThat(isBody || got.isEmpty()).as(got).isTrue();
      }
      assertThat(clients).filteredOn(client -> !client.reply.isEmpty()).hasSize(7);
      lane.get("/health").ok();
      servlets.post("/predict", "[1,2,3]").ok();
    }
  }

  private List<Client> open() {
    return clients.stream().filter(client -> !client.ended).toList();
  }

  @Test
  @BadInput(19)
  void leaveTheProbesAlone(@TempDir Path folder) throws IOException {
    TestServer.folder(folder, "unnamed");
    try (TestServer server = Door.FAST_LANE.start(folder)) {
      long alone = probeNanos(server);
      for (int i = 0; i < 100; i++) {
        client(server, HEAD, "");
        client(server, HEAD + LENGTH, "");
        client(server, SERVLET, "");
      }
      // 100 ms are what docs/bad-inputs.md promises; a busy machine may need longer for any probe.
      assertThat(probeNanos(server)).isLessThan(Math.max(100_000_000, 5 * alone));
      server.post("/predict/unnamed", "[1,2,3]").ok();
      assertThat(server.get("/metrics").status()).isEqualTo(200);
      for (Client client : clients) {
        assertThat(client.socket.getInputStream().available()).as("still stalls").isZero();
      }
    }
  }

  /**
   * How long a probe takes that comes on a connection of its own, as Kubernetes sends them: the
   * slowest but one of 21, since the slowest of a machine that builds beside is the one whose
   * thread the machine left waiting.
   */
  private static long probeNanos(TestServer server) {
    long[] nanos = new long[21];
    for (int i = 0; i < nanos.length; i++) {
      long start = System.nanoTime();
      Reply.parse(server.raw("GET /health HTTP/1.1\nHost: a\nConnection: close\n\n")).ok();
      nanos[i] = System.nanoTime() - start;
    }
    Arrays.sort(nanos);
    return nanos[nanos.length - 2];
  }

  private void client(TestServer server, String begin, String more) throws IOException {
    clients.add(new Client(server.connect(), begin, more));
  }
}
