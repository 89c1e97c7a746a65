package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** More connections than the server takes. */
@BothDoors
@Timeout(240)
class ConnectionLimitIT {
  private static final int MOST = 5;

  @Test
  void thoseBeyondItWaitUntilOneEnds(@TempDir Path folder, Door door) throws IOException {
    TestServer.folder(folder, "unnamed");
    try (TestServer server = door.start(folder, "--max-connections=" + MOST)) {
      assertLimit(server.port(), MOST);
    }
  }

  @Test
  void theManagementPortHasItsOwnLimit(@TempDir Path folder, Door door) throws IOException {
    TestServer.folder(folder, "unnamed");
    try (TestServer server =
        door.start(folder, "--management-port=0", "--max-connections=" + MOST)) {
      assertLimit(server.managementPort(), ManagementServer.MOST_CONNECTIONS);
      server.get("/health").ok();
    }
  }

  private static void assertLimit(int port, int most) throws IOException {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < most; i++) {
        sockets.add(ask(port));
        assertThat(answer(sockets.getLast())).startsWith("HTTP/1.1 200");
      }
      Socket another = ask(port);
      sockets.add(another);
      another.setSoTimeout(300);
      assertThat(answer(another)).isEmpty();
      sockets.getFirst().close();
      another.setSoTimeout(TestServer.PATIENCE_MILLIS);
      assertThat(answer(another)).startsWith("HTTP/1.1 200");
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private static Socket ask(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(TestServer.PATIENCE_MILLIS);
    byte[] request =
        "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    socket.getOutputStream().write(request);
    return socket;
  }

  /** The head of the reply; empty if none comes in time. */
  private static String answer(Socket socket) throws IOException {
    try {
      return TestServer.head(socket.getInputStream());
    } catch (SocketTimeoutException e) {
      return "";
    }
  }
}
