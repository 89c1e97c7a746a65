package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ReplyUnderWayTest {
  private final AtomicInteger read = new AtomicInteger();
  private final ReplyUnderWay underWay = new ReplyUnderWay(read::incrementAndGet);

  @Test
  void nobodyWaitsForNothing() {
    assertThat(underWay.waits()).isFalse();
    underWay.begin();
    underWay.end();
    assertThat(underWay.waits()).isFalse();
    assertThat(read).hasValue(0);
  }

  @Test
  void oneThatWaitsIsReadOnceWhenTheReplyIsOut() {
    underWay.begin();
    assertThat(underWay.waits()).isTrue();
    assertThat(underWay.waits()).isTrue();
    assertThat(read).hasValue(0);
    underWay.end();
    assertThat(read).hasValue(1);
    underWay.begin();
    underWay.end();
    assertThat(read).hasValue(1);
  }
}
