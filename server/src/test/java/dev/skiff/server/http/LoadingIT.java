package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.BadInput;
import dev.skiff.server.Pipe;
import dev.skiff.server.inference.ErrorCode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that listens while its model is being loaded: until the pipe with its labels ends. */
@BothDoors
class LoadingIT {
  @Test
  @Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  @BadInput(69)
  void aModelThatIsStillLoading(@TempDir Path folder, Door door) throws Exception {
    TestServer.folder(folder, "unnamed");
    try (Pipe labels = Pipe.at(folder.resolve("unnamed/labels.txt"));
        TestServer server = door.begin(folder)) {
      labels.awaitReader();
      for (String path : new String[] {"/predict", "/predict/unnamed"}) {
        Reply reply = server.post(path, "[1,2,3]");
        reply.refused(503, ErrorCode.NOT_READY).isEqualTo("model 'unnamed' version 1 is loading");
        assertThat(reply.header("Retry-After")).isEqualTo("1");
      }
      server.post("/v2/models/unnamed/infer", "{}").refused(503, ErrorCode.NOT_READY);
      assertThat(server.get("/health/ready").status()).isEqualTo(503);
      assertThat(server.get("/health/live").status()).isEqualTo(200);
      labels.end();
      server.awaitModels();
      server.post("/predict", "[1,2,3]").ok();
      assertThat(server.get("/health/ready").status()).isEqualTo(200);
    }
  }
}
