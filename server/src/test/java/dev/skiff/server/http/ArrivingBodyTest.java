package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.Exchange.Body;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.io.content.AsyncContent;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Test;

class ArrivingBodyTest {
  private final AsyncContent source = new AsyncContent();
  private final AtomicInteger released = new AtomicInteger();

  @Test
  void readsOnePieceWhereItLies() {
    byte[] buffer = "head[1,2,3]".getBytes(StandardCharsets.US_ASCII);
    write(true, ByteBuffer.wrap(buffer, 4, 7));
    ArrivingBody body = new ArrivingBody(source, 7, 100);
    assertThat(body.take()).isTrue();
    assertThat(body.body().bytes()).isSameAs(buffer);
    assertThat(text(body)).isEqualTo("[1,2,3]");
    assertThat(released).as("still lent").hasValue(0);
    body.close();
    assertThat(released).hasValue(1);
  }

  @Test
  void copiesPiecesTogether() {
    ArrivingBody body = new ArrivingBody(source, 7, 100);
    assertThat(body.take()).isFalse();
    write(false, "[1,");
    assertThat(body.take()).isFalse();
    assertThat(released).as("not kept while the rest is awaited").hasValue(1);
    write(false, "2");
    write(true, ",3]");
    assertThat(body.take()).isTrue();
    assertThat(text(body)).isEqualTo("[1,2,3]");
    assertThat(released).hasValue(3);
  }

  @Test
  void copiesWhatLiesInNoArray() {
    write(true, ByteBuffer.allocateDirect(3).put(new byte[] {'[', '1', ']'}).flip());
    ArrivingBody body = new ArrivingBody(source, -1, 100);
    assertThat(body.take()).isTrue();
    assertThat(text(body)).isEqualTo("[1]");
    assertThat(released).hasValue(1);
  }

  @Test
  void growsWithWhatCameNotWithWhatWasPromised() {
    String piece = "x".repeat(50_000);
    ArrivingBody body = new ArrivingBody(source, 200_000, 1_000_000);
    for (int i = 1; i <= 4; i++) {
      write(i == 4, piece);
      body.take();
      assertThat(body.body().bytes().length).isBetween(i * 50_000, Math.max(1 << 16, i * 100_000));
    }
    assertThat(text(body)).isEqualTo(piece.repeat(4));
  }

  @Test
  void mayBeEmpty() {
    source.close();
    ArrivingBody body = new ArrivingBody(source, 0, 100);
    assertThat(body.take()).isTrue();
    assertThat(text(body)).isEmpty();
  }

  @Test
  void stopsAtTheLimit() {
    ArrivingBody body = new ArrivingBody(source, -1, 7);
    write(false, "[1,2,3]");
    assertThat(body.take()).isFalse();
    assertThat(body.isTooLarge()).isFalse();
    write(false, " ");
    assertThat(body.take()).isTrue();
    assertThat(body.isTooLarge()).isTrue();
    assertThat(released).hasValue(2);
  }

  @Test
  void saysWhyTheRestDoesNotCome() {
    ArrivingBody body = new ArrivingBody(source, 7, 100);
    write(false, "[1,");
    assertThat(body.take()).isFalse();
    IOException gone = new IOException("gone");
    source.fail(gone);
    assertThat(body.take()).isTrue();
    assertThat(body.failure()).isSameAs(gone);
    body.close();
    assertThat(released).hasValue(1);
  }

  private void write(boolean last, String text) {
    write(last, ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
  }

  private void write(boolean last, ByteBuffer bytes) {
    source.write(last, bytes, Callback.from(released::incrementAndGet));
  }

  private static String text(ArrivingBody arrived) {
    Body body = arrived.body();
    return new String(body.bytes(), body.offset(), body.length(), StandardCharsets.US_ASCII);
  }
}
