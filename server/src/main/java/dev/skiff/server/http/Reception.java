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
  private final Gate gate;

  /**
   * The reception of a server that answers everybody.
   *
   * @param access whether to log every request, not only what the server failed on
   */
  Reception(Metrics metrics, boolean access) {
    this(metrics, access, Gate.OPEN);
  }

  /**
   * The reception of a server.
   *
   * @param access whether to log every request, not only what the server failed on
   * @param gate who is answered where the handler is guarded
   */
  Reception(Metrics metrics, boolean access, Gate gate) {
    this.metrics = metrics;
    this.access = access;
    this.gate = gate;
  }

  /** Whether the request may be answered, by its head alone. */
  boolean admits(Exchange exchange, Handler handler) {
    if (!exchange.admitted) {
      exchange.admitted = !handler.isGuarded() || gate.admits(exchange);
    }
    return exchange.admitted;
  }

  /**
   * Has the request answered by its handler. Never throws but for broken JVMs.
   *
   * @return false if it was {@link Postponed}, or waits for others to run with: it is to come
   *     again, and counts as one request
   */
  boolean receive(Exchange exchange, String what, Handler handler) {
    LogContext context = exchange.logContext;
    if (context == null) {
      context = welcome(exchange);
      exchange.logContext = context;
    }
    return ScopedValue.where(LogContext.CURRENT, context)
        .call(() -> answer(exchange, what, handler));
  }

  private LogContext welcome(Exchange exchange) {
    metrics.begin();
    String id = RequestHeaders.requestId(exchange);
    exchange.replyHeader(RequestHeaders.REQUEST_ID, id);
    exchange.replyHeader("X-Content-Type-Options", "nosniff");
    return new LogContext(id, RequestHeaders.traceparent(exchange));
  }

  private boolean answer(Exchange exchange, String what, Handler handler) {
    boolean postponed = false;
    try {
      try {
        if (!admits(exchange, handler)) {
          exchange.replyHeader(ErrorMapper.AUTHENTICATE, "Bearer realm=\"skiff\"");
          throw ApiKeys.refusal(exchange);
        }
        handler.handle(exchange);
        postponed = exchange.prediction != null;
        if (access && !postponed) {
          log.info("{} {} in {} us", exchange.method(), what, exchange.age() / 1000);
        }
      } catch (Postponed e) {
        postponed = true;
      } catch (InferenceException e) {
        log.debug("{} {}: {} {}", exchange.method(), what, e.code(), e.reason());
        refuse(exchange, what, e.code(), e.reason());
      } catch (RuntimeException e) {
        log.error("{} {} failed", exchange.method(), what, e);
        refuse(exchange, what, ErrorCode.INTERNAL, "the server failed on this request");
      }
    } catch (IOException e) {
      abandoned(exchange, what);
    } finally {
      if (!postponed) {
        metrics.end();
      }
    }
    return !postponed;
  }

  /** The client went away before it had its reply. */
  void abandoned(Exchange exchange, String what) {
    abandoned();
    log.debug("{} {}: the client went away", exchange.method(), what);
  }

  /** The same, where its request is not known any more. */
  void abandoned() {
    metrics.error("CLIENT_ABORT");
  }

  private void refuse(Exchange exchange, String what, ErrorCode code, String message)
      throws IOException {
    metrics.error(code.name());
    if (access || code == ErrorCode.INTERNAL) {
      log.info("{} {} answered {}: {}", exchange.method(), what, code, message);
    }
    if (ErrorMapper.isTemporary(code)) {
      exchange.replyHeader(ErrorMapper.RETRY_AFTER, "1");
    }
    exchange.reply(ErrorMapper.status(code), Json.CONTENT_TYPE, ErrorMapper.body(code, message));
  }
}
