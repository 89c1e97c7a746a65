package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server whose log goes where there is no room for it. */
@Timeout(240)
final class FullDiskIT {
  private static final File FULL = new File("/dev/full");

  @Test
  void itIsToldOnceAndServesOn(@TempDir Path folder) throws Exception {
    Tools.require(FULL.exists(), "the test of a full disk needs /dev/full");
    int port = freePort();
    URI url = URI.create("http://127.0.0.1:" + port + "/predict");
    HttpRequest request =
        HttpRequest.newBuilder(url).POST(BodyPublishers.ofString("[1,2,3]")).build();
    try (JavaProcess process =
            JavaProcess.start(
                Map.of(),
                List.of(
                    "-jar",
                    Path.of(System.getProperty("skiff.home"), "skiff.jar").toString(),
                    Repository.of(folder, "identity-fp32").toString(),
                    "--host=127.0.0.1",
                    "--port=" + port,
                    "--access-log=true"),
                Redirect.to(FULL));
        HttpClient client = HttpClient.newHttpClient()) {
      // The line that says that it is ready is lost as well.
      while (!isAnswered(client, request)) {
        Thread.onSpinWait();
      }
      for (int i = 0; i < 20; i++) {
        assertThat(isAnswered(client, request)).isTrue();
      }
      process.signal("TERM");
      assertThat(process.awaitExit()).isZero();
      assertThat(process.err())
          .filteredOn(line -> line.contains("standard output is gone"))
          .hasSize(1);
      assertThat(process.err()).anyMatch(line -> line.contains("No space left on device"));
    }
  }

  private static boolean isAnswered(HttpClient client, HttpRequest request)
      throws InterruptedException {
    try {
      return client
          .send(request, BodyHandlers.ofString())
          .body()
          .equals("{\"prediction\":[1.0,2.0,3.0]}");
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
