package dev.skiff.server.http;

import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What the headers of a request say, and whether that can be met. */
final class RequestHeaders {
  static final String REQUEST_ID = "X-Request-Id";

  /** The length of the JSON before binary tensors (Binary Tensor Data Extension). */
  static final String JSON_LENGTH = "Inference-Header-Content-Length";

  static final String BINARY = "application/octet-stream";
  static final String TIMEOUT = "X-Request-Timeout-Ms";

  private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");
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
          TIMEOUT
              + " must be a whole number of milliseconds of at least 1, got '"
              + RequestInputs.shortened(text)
              + "'");
    }
    long patience = Math.min(TimeUnit.MILLISECONDS.toNanos(millis), limit.toNanos());
    return new Deadline(exchange.start() + patience);
  }

  /**
   * Where the JSON of the body ends and binary tensors begin, if the client says so.
   *
   * @throws InferenceException INVALID_ARGUMENT for what cannot be a length
   */
  static OptionalLong jsonLength(Exchange exchange) {
    String text = exchange.header(JSON_LENGTH);
    if (text == null) {
      return OptionalLong.empty();
    }
    if (exchange.isRepeated(JSON_LENGTH)) {
      throw InferenceException.invalid(JSON_LENGTH + " came more than once");
    }
    if (!LENGTH.matcher(text).matches()) {
      throw InferenceException.invalid(
          JSON_LENGTH
              + " must be a whole number of bytes of at least 0, got '"
              + RequestInputs.shortened(text)
              + "'");
    }
    return OptionalLong.of(Long.parseLong(text));
  }

  /**
   * Checks that the body is JSON as we read it: no type at all and curl's default type count as
   * JSON.
   *
   * @throws InferenceException UNSUPPORTED_MEDIA_TYPE for another type or charset, INVALID_ARGUMENT
   *     for a transfer coding other than chunked, which Jetty would let pass
   */
  static void checkJson(Exchange exchange) {
    String name = mediaType(exchange);
    if (!isJson(name)) {
      throw unsupported("Content-Type '" + name + "'", Json.CONTENT_TYPE);
    }
  }

  /**
   * Checks that the body is JSON with binary tensors behind it, as far as its type says. Clients
   * name the type of the first part, or of the whole, or none.
   *
   * @throws InferenceException as {@link #checkJson}
   */
  static void checkBinary(Exchange exchange) {
    String name = mediaType(exchange);
    if (!isJson(name) && !name.equals(BINARY)) {
      throw unsupported("Content-Type '" + name + "'", BINARY);
    }
  }

  private static boolean isJson(String name) {
    return name.equals(Json.CONTENT_TYPE)
        || name.endsWith("+json")
        || name.equals("application/x-www-form-urlencoded");
  }

  /** The body's type without parameters; JSON where there is none. */
  private static String mediaType(Exchange exchange) {
    String transfer = exchange.header("Transfer-Encoding");
    if (transfer != null && !transfer.strip().equalsIgnoreCase("chunked")) {
      throw InferenceException.invalid(
          "Transfer-Encoding '" + transfer + "' is not supported, expected chunked");
    }
    String type = exchange.header("Content-Type");
    if (type == null || type.equals(Json.CONTENT_TYPE)) {
      return Json.CONTENT_TYPE;
    }
    Matcher charset = CHARSET.matcher(type);
    if (charset.find() && !charset.group(1).equalsIgnoreCase("utf-8")) {
      throw unsupported("charset '" + charset.group(1) + "'", "utf-8");
    }
    int end = type.indexOf(';');
    return (end < 0 ? type : type.substring(0, end)).strip().toLowerCase(Locale.ROOT);
  }

  /**
   * Checks that the client takes JSON.
   *
   * @throws InferenceException NOT_ACCEPTABLE if it does not
   */
  static void checkAcceptsJson(Exchange exchange) {
    String accept = exchange.header("Accept");
    if (!accepts(accept, Json.CONTENT_TYPE)) {
      throw new InferenceException(
          ErrorCode.NOT_ACCEPTABLE, "the reply is application/json, asked for " + accept);
    }
  }

  /**
   * Checks that the client takes JSON or tensors in binary form.
   *
   * @throws InferenceException NOT_ACCEPTABLE if it takes neither
   */
  static void checkAcceptsTensors(Exchange exchange) {
    if (!accepts(exchange.header("Accept"), BINARY)) {
      checkAcceptsJson(exchange);
    }
  }

  private static boolean accepts(@Nullable String accept, String type) {
    return accept == null
        || accept.isBlank()
        || accept.contains("*/*")
        || accept.contains("application/*")
        || accept.toLowerCase(Locale.ROOT).contains(type);
  }

  private static InferenceException unsupported(String got, String expected) {
    return new InferenceException(
        ErrorCode.UNSUPPORTED_MEDIA_TYPE, got + " is not supported, expected " + expected);
  }
}
