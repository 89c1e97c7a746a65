package dev.skiff.server.http;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.eclipse.jetty.http.HttpStatus;

/**
 * The status line and the headers of a reply, in the bytes that go to the network; of one reply
 * after the other. Used by one thread at a time.
 */
final class ReplyHead {
  private static final int USUAL_BYTES = 320;
  private static final String OK = "HTTP/1.1 200 OK\r\n";

  private byte[] bytes = new byte[USUAL_BYTES];
  private int length;

  /** Makes it a head without headers, of status 200, whatever it was. */
  void begin() {
    length = 0;
    append(OK);
  }

  /** Adds a header; all of its characters are below U+0100. */
  void add(String name, String value) {
    append(name);
    append(": ");
    append(value);
    append("\r\n");
  }

  /** Ends the head, once. */
  void end(int status) {
    append("\r\n");
    if (status != HttpStatus.OK_200) {
      byte[] headers = Arrays.copyOfRange(bytes, OK.length(), length);
      length = 0;
      append("HTTP/1.1 " + status + " " + HttpStatus.getMessage(status) + "\r\n");
      reserve(headers.length);
      System.arraycopy(headers, 0, bytes, length, headers.length);
      length += headers.length;
    }
  }

  @SuppressWarnings("deprecation") // its one fault, to drop the upper byte, cannot matter here
  private void append(String text) {
    reserve(text.length());
    text.getBytes(0, text.length(), bytes, length);
    length += text.length();
  }

  private void reserve(int more) {
    if (length + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
  }

  int length() {
    return length;
  }

  /** A view of its bytes. */
  ByteBuffer bytes() {
    return ByteBuffer.wrap(bytes, 0, length);
  }

  void copyTo(ByteBuffer target) {
    target.put(bytes, 0, length);
  }
}
