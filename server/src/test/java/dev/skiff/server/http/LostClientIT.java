package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.BadInput;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A client that resets its connection while the model runs for it. */
@BothDoors
@Timeout(240)
class LostClientIT {
  private static final String COUNT = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[%d]}}";
  private static final String ABORTED = "skiff_request_errors_total{code=\"CLIENT_ABORT\"} 1.0";

  @Test
  @BadInput(89)
  void itsAnswerIsDroppedAndCounted(@TempDir Path folder, Door door) throws IOException {
    TestServer.folder(folder, "slow");
    try (TestServer server = door.start(folder, "--concurrency=1")) {
      // On a busy machine a run may end before its client has left: the next one is longer.
      for (long iterations = 500_000; !metrics(server).contains(ABORTED); iterations *= 2) {
        leave(server, COUNT.formatted(iterations));
        while (!metrics(server).contains("skiff_requests_in_flight 1.0")) {
          Thread.onSpinWait();
        }
      }
      assertThat(metrics(server).lines().filter(line -> line.startsWith("skiff_request_errors")))
          .containsExactly(ABORTED);
      server.post("/predict", COUNT.formatted(1)).ok();
    }
  }

  /** Sends a request, and is gone once that is under way, or over. */
  private static void leave(TestServer server, String body) throws IOException {
    try (Socket socket = server.connect()) {
      socket.setSoLinger(true, 0);
      String request =
          "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
              .formatted(body.length(), body);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      while (socket.getInputStream().available() == 0
          && !metrics(server).contains("skiff_requests_in_flight 2.0")) {
        Thread.onSpinWait();
      }
    }
  }

  /** With the request for them itself in flight. */
  private static String metrics(TestServer server) {
    return server.get("/metrics").text();
  }
}
