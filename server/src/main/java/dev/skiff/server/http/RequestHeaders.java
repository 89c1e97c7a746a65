package dev.skiff.server.http;

import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the headers of a request say, and whether that can be met. */
final class RequestHeaders {
  static final String REQUEST_ID = "X-Request-Id";
  static final String TIMEOUT = "X-Request-Timeout-Ms";

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._:/+=-]{1,128}");
  private static final Pattern TRACEPARENT =
      Pattern.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");
  private static final Pattern CHARSET =
      Pattern.compile(";\\s*charset\\s*=\\s*\"?([^\";\\s]*)", Pattern.CASE_INSENSITIVE);

  private RequestHeaders() {}

  /** The client's id for the request if it is well formed, else one of our own. */
  static String requestId(Exchange exchange) {
    String id = exchange.header(REQUEST_ID);
    return id != null && ID.matcher(id).matches() ? id : newRequestId();
  }

  /** An id for a request that brought none. */
  static String newRequestId() {
    return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
  }

  /** The W3C trace context, if it is well formed. */
  static @Nullable String traceparent(Exchange exchange) {
    String value = exchange.header("traceparent");
    return value != null && TRACEPARENT.matcher(value).matches() ? value : null;
  }

  /** The moment when the client, or the server's own limit, gives up. */
  static Deadline deadline(Exchange exchange, Duration limit) {
    String text = exchange.header(TIMEOUT);
    if (text == null) {
      return new Deadline(exchange.start() + limit.toNanos());
    }
    long millis;
    try {
      millis = Long.parseLong(text.strip());
    } catch (NumberFormatException e) {
      millis = 0;
    }
    if (millis < 1) {
      throw InferenceException.invalid(
          TIMEOUT + " must be a whole number of milliseconds of at least 1, got '" + text + "'");
    }
    long patience = Math.min(TimeUnit.MILLISECONDS.toNanos(millis), limit.toNanos());
    return new Deadline(exchange.start() + patience);
  }

  /**
   * Checks that the body is JSON as we read it: no type at all and curl's default type count as
   * JSON.
   *
   * @throws InferenceException UNSUPPORTED_MEDIA_TYPE for another type, charset or encoding,
   *     INVALID_ARGUMENT for a transfer coding other than chunked, which Jetty would let pass
   */
  static void checkJson(Exchange exchange) {
    String transfer = exchange.header("Transfer-Encoding");
    if (transfer != null && !transfer.strip().equalsIgnoreCase("chunked")) {
      throw InferenceException.invalid(
          "Transfer-Encoding '" + transfer + "' is not supported, expected chunked");
    }
    String encoding = exchange.header("Content-Encoding");
    if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      throw unsupported("Content-Encoding '" + encoding + "'", "none");
    }
    String type = exchange.header("Content-Type");
    if (type == null || type.equals(Json.CONTENT_TYPE)) {
      return;
    }
    Matcher charset = CHARSET.matcher(type);
    if (charset.find() && !charset.group(1).equalsIgnoreCase("utf-8")) {
      throw unsupported("charset '" + charset.group(1) + "'", "utf-8");
    }
    int end = type.indexOf(';');
    String name = (end < 0 ? type : type.substring(0, end)).strip().toLowerCase(Locale.ROOT);
    boolean isJson = name.equals(Json.CONTENT_TYPE) || name.endsWith("+json");
    if (!isJson && !name.equals("application/x-www-form-urlencoded")) {
      throw unsupported("Content-Type '" + name + "'", Json.CONTENT_TYPE);
    }
  }

  /**
   * Checks that the client takes JSON.
   *
   * @throws InferenceException NOT_ACCEPTABLE if it does not
   */
  static void checkAcceptsJson(Exchange exchange) {
    String accept = exchange.header("Accept");
    if (accept != null
        && !accept.isBlank()
        && !accept.contains("*/*")
        && !accept.contains("application/*")
        && !accept.toLowerCase(Locale.ROOT).contains(Json.CONTENT_TYPE)) {
      throw new InferenceException(
          ErrorCode.NOT_ACCEPTABLE, "the reply is application/json, asked for " + accept);
    }
  }

  private static InferenceException unsupported(String got, String expected) {
    return new InferenceException(
        ErrorCode.UNSUPPORTED_MEDIA_TYPE, got + " is not supported, expected " + expected);
  }
}
