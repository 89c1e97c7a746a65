package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/** Fuzzes what is read from headers: each is understood, passed over, or refused as it should. */
public final class HeadersFuzz {
  private static final List<String> NAMES =
      List.of(
          "X-Request-Id",
          "traceparent",
          "X-Request-Timeout-Ms",
          "Inference-Header-Content-Length",
          "Content-Type",
          "Accept",
          "Content-Encoding",
          "Accept-Encoding",
          "Transfer-Encoding");

  /**
   * Each comma begins an element. It takes 45 bytes, and with Jazzer, which looks on, thousands.
   */
  private static final long MOST_PER_BYTE = 4096;

  private HeadersFuzz() {}

  /** A digit for the header's name, then its value. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    String value = new String(input, 1, input.length - 1, StandardCharsets.ISO_8859_1);
    String name = NAMES.get(Math.floorMod(input[0] - '0', NAMES.size()));
    FakeExchange exchange = FakeExchange.with(name, value);
    long most = MOST_PER_BYTE * input.length;
    Attempt.within(most, () -> RequestHeaders.requestId(exchange))
        .ifPresent(id -> assertThat(id).matches("[A-Za-z0-9._:/+=-]{1,128}"));
    String trace = RequestHeaders.traceparent(exchange);
    assertThat(trace == null || trace.equals(value)).isTrue();
    Attempt.within(most, () -> RequestHeaders.deadline(exchange, Duration.ofSeconds(30)))
        .ifPresent(
            deadline ->
                assertThat(deadline.nanoTime() - exchange.start())
                    .isBetween(1_000_000L, 30_000_000_000L));
    Attempt.within(most, () -> RequestHeaders.jsonLength(exchange))
        .ifPresent(bytes -> assertThat(bytes.orElse(0)).isNotNegative());
    Attempt.within(most, () -> ContentCoding.ofRequest(exchange));
    Attempt.within(most, () -> ContentCoding.preferred(exchange.header("Accept-Encoding")));
    for (Runnable check :
        new Runnable[] {
          () -> RequestHeaders.checkJson(exchange),
          () -> RequestHeaders.checkBinary(exchange),
          () -> RequestHeaders.checkAcceptsJson(exchange),
          () -> RequestHeaders.checkAcceptsTensors(exchange)
        }) {
      Attempt.within(
          most,
          () -> {
            check.run();
            return true;
          });
    }
  }
}
