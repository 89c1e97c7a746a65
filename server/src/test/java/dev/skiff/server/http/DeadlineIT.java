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
@Timeout(60)
class DeadlineIT {
  private static final String COUNT = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[%d]}}";

  @Test
  @BadInput(88)
  void aRunBeyondItsDeadlineGivesItsTurnBack(@TempDir Path folder, Door door) throws IOException {
    TestServer.folder(folder, "slow");
    try (TestServer server = door.start(folder, "--concurrency=1", "--request-timeout=20s")) {
      for (int i = 0; i < 2; i++) {
        server
            .send(
                server
                    .request("/predict")
                    .header("X-Request-Timeout-Ms", "200")
                    .POST(BodyPublishers.ofString(COUNT.formatted(1L << 40))))
            .refused(ErrorCode.DEADLINE_EXCEEDED)
            .isEqualTo("the request's deadline passed while the model ran");
        server.post("/predict", COUNT.formatted(1)).ok();
      }
    }
  }
}
