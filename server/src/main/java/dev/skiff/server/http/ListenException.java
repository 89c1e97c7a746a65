package dev.skiff.server.http;

import java.nio.channels.UnresolvedAddressException;

/** An address that the server cannot listen on; the message is a line for the user. */
public final class ListenException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ListenException(String host, int port, Throwable cause) {
    super("cannot listen on %s:%d: %s".formatted(host, port, reason(cause)), cause);
  }

  /** What the operating system said, which lies under what Jetty and Javalin say of it. */
  private static String reason(Throwable thrown) {
    Throwable root = thrown;
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      root = cause;
    }
    return root instanceof UnresolvedAddressException
        ? "there is no such host"
        : String.valueOf(root.getMessage());
  }
}
