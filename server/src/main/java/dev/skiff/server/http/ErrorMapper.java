package dev.skiff.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.ErrorCode;

/** What an error looks like on the wire: its status, and one shape of body for all of them. */
final class ErrorMapper {
  static final String RETRY_AFTER = "Retry-After";
  static final String AUTHENTICATE = "WWW-Authenticate";

  /**
   * The most characters of a message: the reply is small even if JSON needs six for each, so there
   * is always memory for it.
   */
  private static final int LONGEST_MESSAGE = 2_500;

  private ErrorMapper() {}

  static int status(ErrorCode code) {
    return switch (code) {
      case INVALID_ARGUMENT -> 400;
      case UNAUTHENTICATED -> 401;
      case NOT_FOUND -> 404;
      case METHOD_NOT_ALLOWED -> 405;
      case NOT_ACCEPTABLE -> 406;
      case REQUEST_TIMEOUT -> 408;
      case TOO_LARGE -> 413;
      case UNSUPPORTED_MEDIA_TYPE -> 415;
      case LOAD_FAILED -> 422;
      case INTERNAL -> 500;
      case UNSUPPORTED -> 501;
      case OVERLOADED, NOT_READY -> 503;
      case DEADLINE_EXCEEDED -> 504;
      case RESOURCE_EXHAUSTED -> 507;
    };
  }

  /** The code for a status that the HTTP stack chose by itself. */
  static ErrorCode code(int status) {
    for (ErrorCode code : ErrorCode.values()) {
      if (status(code) == status) {
        return status == 503 ? ErrorCode.NOT_READY : code;
      }
    }
    return switch (status) {
      case 414, 431 -> ErrorCode.TOO_LARGE;
      case 505 -> ErrorCode.UNSUPPORTED;
      default -> status < 500 ? ErrorCode.INVALID_ARGUMENT : ErrorCode.INTERNAL;
    };
  }

  /** Whether a client may expect the same request to succeed soon. */
  static boolean isTemporary(ErrorCode code) {
    return code == ErrorCode.OVERLOADED || code == ErrorCode.NOT_READY;
  }

  /** {@code {"error": ..., "code": ...}}, the message shortened if need be. */
  static Body body(ErrorCode code, String message) {
    String told =
        message.length() > LONGEST_MESSAGE
            ? message.substring(0, LONGEST_MESSAGE) + "..."
            : message;
    // A message may quote a piece of the request, cut amid a surrogate pair: that becomes a '?'.
    String encodable = new String(told.getBytes(UTF_8), UTF_8);
    return Json.write(
        json -> {
          json.writeStartObject();
          json.writeStringField("error", encodable);
          json.writeStringField("code", code.name());
          json.writeEndObject();
        });
  }
}
