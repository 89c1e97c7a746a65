package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that want all the memory of a small pod's server for their bodies: they are refused, and
 * the process lives.
 */
@Timeout(240)
final class LargeBodiesIT {
  /** The heap that the image has in a pod of 256 MB, where the process ends if it is full. */
  private static final List<String> OPTIONS =
      List.of("-Xms16m", "-Xmx96m", "-XX:+ExitOnOutOfMemoryError");

  private static final long POD_KIB = 256 << 10;
  private static final int AT_A_TIME = 16;
  private static final int LARGE = 20 << 20;

  private final ExecutorService clients =
      Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory());
  private SkiffProcess server;

  @BeforeEach
  void start(@TempDir Path folder) throws Exception {
    server =
        SkiffProcess.serve(
            Map.of(), OPTIONS, Repository.of(folder, "identity-fp32"), "--rehearsal=0s");
  }

  @AfterEach
  void servesOn() throws Exception {
    try (SkiffProcess used = server) {
      assertThat(used.post("/predict", "[1,2,3]").body())
          .isEqualTo("{\"prediction\":[1.0,2.0,3.0]}");
      assertThat(server.process().residentKib()).isLessThan(POD_KIB);
      // What the others had is given back, as soon as the server has seen them go.
      for (byte[] large = request(json(LARGE), ""); send(large) != 200; ) {
        Thread.onSpinWait();
      }
      server.process().signal("TERM");
      assertThat(server.process().awaitExit()).as(server.process()::toString).isZero();
    }
    clients.close();
  }

  /** 20 MiB of JSON in 20 KiB. */
  @Test
  void bombsWithinTheLimit() throws Exception {
    assertThat(sendManyTimes(request(gzip(LARGE), "Content-Encoding: gzip\r\n")))
        .contains(200)
        .isSubsetOf(200, 503);
  }

  @Test
  void bombsBeyondIt() throws Exception {
    assertThat(sendManyTimes(request(gzip(60 << 20), "Content-Encoding: gzip\r\n")))
        .containsOnly(413);
  }

  /** Whoever writes on does not always find the refusal. */
  @Test
  void bodiesWithinTheLimit() throws Exception {
    assertThat(sendManyTimes(request(json(LARGE), ""))).contains(200).isSubsetOf(200, 503, 0);
  }

  /** Each has the server keep two MiB of its twenty. */
  @Test
  void bodiesThatStall() throws Exception {
    byte[] begun = Arrays.copyOf(request(json(LARGE), ""), (1 << 20) + 1000);
    List<Socket> sockets = new ArrayList<>();
    boolean refused = false;
    try {
      for (int i = 0; i < 3 * AT_A_TIME; i++) {
        sockets.add(connect());
        refused |= !write(sockets.getLast(), begun);
      }
      while (!refused) {
        assertThat(server.post("/predict", "[1,2,3]").statusCode()).isEqualTo(200);
        refused = sockets.stream().anyMatch(LargeBodiesIT::isRefused);
      }
    } finally {
      for (int i = 0; i < sockets.size(); i++) {
        // By a goodbye or a reset.
        sockets.get(i).setSoLinger(i % 2 == 0, 0);
        sockets.get(i).close();
      }
    }
  }

  /** Whether the server took it all. */
  private static boolean write(Socket socket, byte[] bytes) throws IOException {
    try {
      socket.getOutputStream().write(bytes);
      return true;
    } catch (SocketException e) {
      return false;
    }
  }

  private static boolean isRefused(Socket socket) {
    try {
      InputStream in = socket.getInputStream();
      return in.available() >= 12
          && new String(in.readNBytes(12), StandardCharsets.US_ASCII).equals("HTTP/1.1 503");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The statuses of replies to some at a time. */
  private List<Integer> sendManyTimes(byte[] request) throws Exception {
    List<Future<Integer>> sent = new ArrayList<>();
    for (int i = 0; i < AT_A_TIME; i++) {
      sent.add(clients.submit(() -> send(request)));
    }
    List<Integer> statuses = new ArrayList<>();
    for (Future<Integer> one : sent) {
      statuses.add(one.get());
    }
    return statuses;
  }

  /** The status of the reply; 0 if there was none. */
  private int send(byte[] request) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request);
      String line = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
      return Integer.parseInt(line.substring(9));
    } catch (SocketException e) {
      return 0;
    }
  }

  private Socket connect() throws IOException {
    int port = URI.create("http://" + server.address()).getPort();
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(60_000);
    return socket;
  }

  private static byte[] request(byte[] body, String header) {
    byte[] head =
        "POST /predict HTTP/1.1\r\nHost: a\r\n%sContent-Length: %d\r\n\r\n"
            .formatted(header, body.length)
            .getBytes(StandardCharsets.US_ASCII);
    byte[] all = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, all, head.length, body.length);
    return all;
  }

  /** A row, and so much white space in it that it has so many bytes. */
  private static byte[] json(int bytes) {
    byte[] json = new byte[bytes];
    Arrays.fill(json, (byte) ' ');
    System.arraycopy("[1,2,3".getBytes(StandardCharsets.US_ASCII), 0, json, 0, 6);
    json[bytes - 1] = ']';
    return json;
  }

  private static byte[] gzip(int bytes) throws IOException {
    ByteArrayOutputStream coded = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(coded)) {
      gzip.write(json(bytes));
    }
    return coded.toByteArray();
  }
}
