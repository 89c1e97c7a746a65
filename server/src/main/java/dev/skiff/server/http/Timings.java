package dev.skiff.server.http;

import java.nio.charset.StandardCharsets;

/**
 * Where the time of one request went, for its {@code Server-Timing} header (W3C Server Timing,
 * milliseconds).
 */
final class Timings {
  static final String HEADER = "Server-Timing";

  /** Of a name with what stands around it, and of the longest time. */
  private static final int MOST_BYTES = 12 + 18;

  private Timings() {}

  /** The header's value for a prediction; the arguments are in nanoseconds. */
  static String prediction(long read, long queue, long run, long write) {
    byte[] value = new byte[4 * MOST_BYTES];
    int length = part(value, 0, "read;dur=", read);
    length = part(value, length, ", queue;dur=", queue);
    length = part(value, length, ", run;dur=", run);
    length = part(value, length, ", write;dur=", write);
    return new String(value, 0, length, StandardCharsets.ISO_8859_1);
  }

  /** The header's value for everything else. */
  static String total(long nanos) {
    byte[] value = new byte[MOST_BYTES];
    return new String(value, 0, part(value, 0, "total;dur=", nanos), StandardCharsets.ISO_8859_1);
  }

  /** Adds a name and, in milliseconds with three decimals, a time. Returns where it ends. */
  @SuppressWarnings("deprecation") // it drops the upper byte, which is zero
  private static int part(byte[] value, int at, String name, long nanos) {
    name.getBytes(0, name.length(), value, at);
    int first = at + name.length();
    long rest = Math.max(0, nanos) / 1000;
    int end = first + 5;
    for (long above = rest / 10_000; above > 0; above /= 10) {
      end++;
    }
    for (int i = end - 1; i >= first; i--) {
      if (i == end - 4) {
        value[i] = '.';
      } else {
        value[i] = (byte) ('0' + rest % 10);
        rest /= 10;
      }
    }
    return end;
  }
}
