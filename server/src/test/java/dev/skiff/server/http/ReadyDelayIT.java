package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that is not ready before it has warmed itself, and answers meanwhile. */
@BothDoors
@Timeout(120)
class ReadyDelayIT {
  private static final String ROW = "[5.1, 3.5, 1.4, 0.2]";

  @Test
  void answersBeforeItIsReady(Door door) {
    try (TestServer server = door.start(TestServer.MODELS, "--rehearsal=1h", "--ready-delay=1h")) {
      assertThat(server.get("/health").status()).isEqualTo(503);
      assertThat(server.get("/health").json().get("status").textValue()).isEqualTo("warming");
      assertThat(server.get("/health/ready").json()).hasToString("{\"ready\":false}");
      server.get("/health/live").ok();
      assertThat(server.post("/predict/iris", ROW).ok()).hasToString("{\"prediction\":[0]}");
      server.announceStop();
      assertThat(server.get("/health").json().get("status").textValue()).isEqualTo("draining");
    }
  }

  @Test
  void isReadyWhenTheDelayIsOver(Door door) {
    try (TestServer server =
        door.start(TestServer.MODELS, "--rehearsal=1h", "--ready-delay=10ms")) {
      server.awaitWarm();
      assertThat(server.get("/health").ok().get("status").textValue()).isEqualTo("ok");
      assertThat(server.get("/health/ready").ok()).hasToString("{\"ready\":true}");
    }
  }
}
