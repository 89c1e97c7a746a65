package dev.skiff.server.http;

/** An address that the server cannot listen on; the message is a line for the user. */
public final class ListenException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ListenException(String host, int port, Throwable cause) {
    super("cannot listen on " + host + ":" + port, cause);
  }
}
