package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.Exchange.Body;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.eclipse.jetty.io.content.AsyncContent;
import org.eclipse.jetty.util.Callback;

/** Fuzzes the pieces in which a body comes: together they are what came, or too much. */
public final class ArrivingBodyFuzz {
  private static final int LIMIT = 200;

  private ArrivingBodyFuzz() {}

  /**
   * A byte for the length that the client promised, then the pieces: for each a byte with its
   * length and, in its highest bit, whether the server looks before it comes; then its bytes.
   */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    AsyncContent source = new AsyncContent();
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    try (ArrivingBody body = new ArrivingBody(source, input[0], LIMIT)) {
      int at = 1;
      boolean ended = false;
      while (at < input.length && !ended) {
        int length = Math.min(input[at] & 0x7f, input.length - at - 1);
        if (input[at] < 0) {
          ended = body.take();
        }
        byte[] piece = Arrays.copyOfRange(input, at + 1, at + 1 + length);
        sent.writeBytes(piece);
        ByteBuffer lent = ByteBuffer.wrap(piece);
        source.write(false, lent.duplicate(), Callback.NOOP);
        at += 1 + length;
      }
      if (!ended) {
        source.write(true, ByteBuffer.allocate(0), Callback.NOOP);
        assertThat(body.take()).isTrue();
      }
      assertThat(body.failure()).isNull();
      assertThat(body.isTooLarge()).isEqualTo(sent.size() > LIMIT);
      if (!body.isTooLarge()) {
        Body whole = body.body();
        assertThat(whole.bytes().length).isLessThanOrEqualTo(1 << 17);
        assertThat(
                Arrays.copyOfRange(whole.bytes(), whole.offset(), whole.offset() + whole.length()))
            .isEqualTo(sent.toByteArray());
      }
    }
  }
}
