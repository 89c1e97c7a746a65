package dev.skiff.server.http;

/**
 * Where the time of one request went, for its {@code Server-Timing} header (W3C Server Timing,
 * milliseconds).
 */
final class Timings {
  static final String HEADER = "Server-Timing";

  private Timings() {}

  /** The header's value for a prediction; the arguments are in nanoseconds. */
  static String prediction(long read, long queue, long run, long write) {
    StringBuilder value = new StringBuilder(72);
    part(value, "read", read);
    part(value.append(", "), "queue", queue);
    part(value.append(", "), "run", run);
    part(value.append(", "), "write", write);
    return value.toString();
  }

  /** The header's value for everything else. */
  static String total(long nanos) {
    StringBuilder value = new StringBuilder(20);
    part(value, "total", nanos);
    return value.toString();
  }

  private static void part(StringBuilder value, String name, long nanos) {
    long micros = Math.max(0, nanos) / 1000;
    value.append(name).append(";dur=").append(micros / 1000).append('.');
    long rest = micros % 1000;
    value.append(rest < 100 ? "0" : "").append(rest < 10 ? "0" : "").append(rest);
  }
}
