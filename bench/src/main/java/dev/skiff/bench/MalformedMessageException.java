package dev.skiff.bench;

import java.io.IOException;

/** The other side's bytes are not an HTTP/1.1 message that this program can read. */
final class MalformedMessageException extends IOException {
  private static final long serialVersionUID = 1L;

  MalformedMessageException(String message) {
    super(message);
  }
}
