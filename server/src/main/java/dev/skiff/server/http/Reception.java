package dev.skiff.server.http;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.logging.LogContext;
import dev.skiff.server.metrics.Metrics;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens to every request, whichever door it came through and whatever it asks for: it gets
 * an id, is counted and timed, and any error becomes the one kind of reply. Thread-safe.
 */
final class Reception {
  private static final Logger log = LoggerFactory.getLogger(Reception.class);

  private final Metrics metrics;
  private final boolean access;

  /**
   * The reception of a server.
   *
   * @param access whether to log every request, not only failed ones
   */
  Reception(Metrics metrics, boolean access) {
    this.metrics = metrics;
    this.access = access;
  }

  /** Has the request answered by its handler. Never throws but for broken JVMs. */
  void receive(Exchange exchange, String what, Handler handler) {
    String id = RequestHeaders.requestId(exchange);
    LogContext context = new LogContext(id, RequestHeaders.traceparent(exchange));
    ScopedValue.where(LogContext.CURRENT, context).run(() -> answer(exchange, id, what, handler));
  }

  private void answer(Exchange exchange, String id, String what, Handler handler) {
    metrics.begin();
    try {
      exchange.replyHeader(RequestHeaders.REQUEST_ID, id);
      exchange.replyHeader("X-Content-Type-Options", "nosniff");
      try {
        handler.handle(exchange);
        if (access) {
          log.info("{} {} in {} us", exchange.method(), what, exchange.age() / 1000);
        }
      } catch (InferenceException e) {
        log.debug("{} {}: {} {}", exchange.method(), what, e.code(), e.reason());
        refuse(exchange, e.code(), e.reason());
      } catch (RuntimeException e) {
        log.error("{} {} failed", exchange.method(), what, e);
        refuse(exchange, ErrorCode.INTERNAL, "the server failed on this request");
      }
    } catch (IOException e) {
      metrics.error("CLIENT_ABORT");
      log.debug("{} {}: the client went away", exchange.method(), what);
    } finally {
      metrics.end();
    }
  }

  private void refuse(Exchange exchange, ErrorCode code, String message) throws IOException {
    metrics.error(code.name());
    if (access || code == ErrorCode.INTERNAL) {
      log.info("answered {}: {}", code, message);
    }
    if (ErrorMapper.isTemporary(code)) {
      exchange.replyHeader(ErrorMapper.RETRY_AFTER, "1");
    }
    exchange.reply(ErrorMapper.status(code), Json.CONTENT_TYPE, ErrorMapper.body(code, message));
  }
}
