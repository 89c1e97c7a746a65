package dev.skiff.bench;

import java.util.List;

/**
 * What a run was asked to do, as it stands in the result file.
 *
 * @param headers further header lines, {@code Name: value}
 * @param contentType empty where the request has no body
 * @param bodyBytes size of the request body
 * @param connections open connections over all threads; in an open loop the most requests that can
 *     be under way at once
 * @param threads threads of the load tester
 * @param durationSeconds measured time, after the warm-up
 * @param timeoutSeconds a reply or a connection later than this is an error
 */
record Settings(
    String url,
    String method,
    List<String> headers,
    String contentType,
    int bodyBytes,
    Loop loop,
    int connections,
    int threads,
    WarmUp warmUp,
    double durationSeconds,
    double timeoutSeconds) {

  Settings {
    headers = List.copyOf(headers);
    if (threads < 1 || connections < threads) {
      throw new IllegalArgumentException("at least one thread, and one connection per thread");
    }
    if (durationSeconds <= 0 || timeoutSeconds <= 0) {
      throw new IllegalArgumentException("the duration and the timeout must be more than 0");
    }
  }

  long durationNanos() {
    return nanos(durationSeconds);
  }

  long timeoutNanos() {
    return nanos(timeoutSeconds);
  }

  private static long nanos(double seconds) {
    return Math.round(seconds * 1e9);
  }
}
