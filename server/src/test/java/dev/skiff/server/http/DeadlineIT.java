package dev.skiff.server.http;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A model that would run for hours. */
@BothDoors
@Timeout(240)
class DeadlineIT {
  private static final String COUNT = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[%d]}}";

  @Test
  @BadInput(88)
  void aRunBeyondItsDeadlineGivesItsTurnBack(@TempDir Path folder, Door door) throws IOException {
    TestServer.folder(folder, "slow");
    try (TestServer server = door.start(folder, "--concurrency=1")) {
      for (int i = 0; i < 2; i++) {
        outOfTime(server)
            .refused(ErrorCode.DEADLINE_EXCEEDED)
            .isEqualTo("the request's deadline passed while the model ran");
        server.post("/predict", COUNT.formatted(1)).ok();
      }
    }
  }

  /** A busy machine may not even begin the run in its time: the next one has more. */
  private static Reply outOfTime(TestServer server) {
    for (int millis = 200; true; millis *= 2) {
      Reply reply =
          server.send(
              server
                  .request("/predict")
                  .header("X-Request-Timeout-Ms", Integer.toString(millis))
                  .POST(BodyPublishers.ofString(COUNT.formatted(1L << 40))));
      if (!reply.text().contains("before the model could run")) {
        return reply;
      }
    }
  }
}
