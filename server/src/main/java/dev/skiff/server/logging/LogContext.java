package dev.skiff.server.logging;

import org.jspecify.annotations.Nullable;

/**
 * The request that the current thread is busy with. Bound around a request's handling, read by the
 * formatters, so that a line from deep inside still says whose it is.
 *
 * @param requestId the id that the client sees as {@code X-Request-Id}
 * @param traceparent the W3C trace context that came with the request, if any
 */
public record LogContext(String requestId, @Nullable String traceparent) {
  public static final ScopedValue<LogContext> CURRENT = ScopedValue.newInstance();
}
