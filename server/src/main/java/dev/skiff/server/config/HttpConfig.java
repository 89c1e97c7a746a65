package dev.skiff.server.config;

import java.time.Duration;

/**
 * How the server listens.
 *
 * @param host the address to listen on
 * @param port the port, 0 for any free one
 * @param maxRequestBytes the largest request body
 * @param requestTimeout the longest that a request may wait for its answer
 * @param idleTimeout how long a connection may stay without any traffic
 * @param threads the most threads that serve requests
 * @param maxConnections the most connections at a time
 * @param fastLane whether infer requests and probes are answered ahead of the servlets
 * @param rehearsal how long to warm up on requests of its own, at most
 * @param readyDelay for how much of that the server is not ready yet
 */
public record HttpConfig(
    String host,
    int port,
    long maxRequestBytes,
    Duration requestTimeout,
    Duration idleTimeout,
    int threads,
    int maxConnections,
    boolean fastLane,
    Duration rehearsal,
    Duration readyDelay) {
  /** A Java array holds a body; leave it a little room. */
  private static final long LARGEST_BODY = Integer.MAX_VALUE - 16L;

  public HttpConfig {
    if (host.isBlank()) {
      throw new ConfigException(Keys.HOST.flag() + ": expected an address, got nothing");
    }
    if (maxRequestBytes < 1 || maxRequestBytes > LARGEST_BODY) {
      throw new ConfigException(
          Keys.MAX_REQUEST_BYTES.flag()
              + ": expected 1 to "
              + LARGEST_BODY
              + " bytes, got "
              + maxRequestBytes);
    }
    positive(Keys.REQUEST_TIMEOUT, requestTimeout);
    positive(Keys.IDLE_TIMEOUT, idleTimeout);
    if (readyDelay.compareTo(rehearsal) > 0) {
      throw new ConfigException(
          "%s: expected no more than %s, which is %d ms, got %d ms"
              .formatted(
                  Keys.READY_DELAY.flag(),
                  Keys.REHEARSAL.flag(),
                  rehearsal.toMillis(),
                  readyDelay.toMillis()));
    }
  }

  private static void positive(Key key, Duration duration) {
    if (duration.isZero()) {
      throw new ConfigException(key.flag() + ": expected more than zero, got 0");
    }
  }
}
