package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.Exchange.Body;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

/** Fuzzes compressed bodies: what the JDK makes of them, if it is within the limit. */
public final class ContentCodingFuzz {
  private static final int LIMIT = 100_000;

  private ContentCodingFuzz() {}

  /** A byte for the coding, then the body. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length > 0) {
      ContentCoding coding = (input[0] & 1) == 0 ? ContentCoding.GZIP : ContentCoding.DEFLATE;
      Body body = FuzzedModels.body(input, 1);
      Attempt.within(4 * LIMIT, () -> coding.decode(body, LIMIT))
          .ifPresent(
              decoded -> {
                assertThat(decoded.length()).isLessThanOrEqualTo(LIMIT);
                assertThat(bytes(decoded)).isEqualTo(reference(coding, bytes(body)));
              });
    }
  }

  private static byte[] reference(ContentCoding coding, byte[] compressed) {
    try (InputStream in = new ByteArrayInputStream(compressed);
        InputStream inflated =
            coding == ContentCoding.GZIP ? new GZIPInputStream(in) : new InflaterInputStream(in)) {
      return inflated.readAllBytes();
    } catch (IOException e) {
      throw new AssertionError("the JDK refuses it", e);
    }
  }

  private static byte[] bytes(Body body) {
    return Arrays.copyOfRange(body.bytes(), body.offset(), body.offset() + body.length());
  }
}
