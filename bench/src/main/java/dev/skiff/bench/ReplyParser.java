package dev.skiff.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Reads HTTP/1.1 replies to requests other than HEAD and CONNECT, as far as a load tester must: the
 * status, and where the body ends (RFC 9112, section 6.3). It keeps no body. The bytes may arrive
 * cut at any place. One parser belongs to one connection and one thread.
 */
final class ReplyParser {
  private enum State {
    STATUS_LINE,
    HEADERS,
    FIXED_BODY,
    BODY_UNTIL_CLOSE,
    CHUNK_SIZE,
    CHUNK_DATA,
    CHUNK_END,
    TRAILERS,
    COMPLETE
  }

  // In lower case, as HttpLine.startsWith wants them.
  private static final byte[] VERSION = ascii("http/1.");
  private static final byte[] CONTENT_LENGTH = ascii("content-length:");
  private static final byte[] TRANSFER_ENCODING = ascii("transfer-encoding:");
  private static final byte[] CONNECTION = ascii("connection:");

  private final HttpLine line = new HttpLine();
  private State state = State.STATUS_LINE;
  private int status;
  private boolean keepAlive;
  private boolean chunked;
  private long contentLength;
  private long bodyLeft;

  /** Makes the parser ready for the next reply. */
  void reset() {
    state = State.STATUS_LINE;
    line.clear();
  }

  /** The status of the complete reply. */
  int status() {
    return status;
  }

  /** Whether the connection may carry another request after the complete reply. */
  boolean keepAlive() {
    return keepAlive;
  }

  /**
   * Takes bytes up to the end of the reply, and leaves what follows it in the buffer.
   *
   * @return whether the reply is complete
   */
  boolean consume(ByteBuffer in) throws MalformedMessageException {
    while (state != State.COMPLETE && in.hasRemaining()) {
      switch (state) {
        case FIXED_BODY -> skip(in, State.COMPLETE);
        case CHUNK_DATA -> skip(in, State.CHUNK_END);
        case BODY_UNTIL_CLOSE -> in.position(in.limit());
        case STATUS_LINE, HEADERS, CHUNK_SIZE, CHUNK_END, TRAILERS -> {
          if (line.take(in)) {
            state = afterLine();
            line.clear();
          }
        }
        case COMPLETE -> throw new AssertionError("the loop ended");
      }
    }
    return state == State.COMPLETE;
  }

  /**
   * Tells the parser that the server closed the connection.
   *
   * @return whether the reply is complete, which a body without a length is only now
   */
  boolean endOfStream() {
    if (state == State.BODY_UNTIL_CLOSE) {
      state = State.COMPLETE;
    }
    return state == State.COMPLETE;
  }

  private void skip(ByteBuffer in, State next) {
    int skipped = (int) Math.min(bodyLeft, in.remaining());
    in.position(in.position() + skipped);
    bodyLeft -= skipped;
    if (bodyLeft == 0) {
      state = next;
    }
  }

  private State afterLine() throws MalformedMessageException {
    return switch (state) {
      case STATUS_LINE -> afterStatusLine();
      case HEADERS -> line.length() == 0 ? afterHead() : afterHeader();
      case CHUNK_SIZE -> {
        bodyLeft = line.number(0, line.indexOf(';'), 16);
        yield bodyLeft == 0 ? State.TRAILERS : State.CHUNK_DATA;
      }
      case CHUNK_END -> {
        if (line.length() != 0) {
          throw new MalformedMessageException("a chunk is longer than its size");
        }
        yield State.CHUNK_SIZE;
      }
      case TRAILERS -> line.length() == 0 ? State.COMPLETE : State.TRAILERS;
      case FIXED_BODY, BODY_UNTIL_CLOSE, CHUNK_DATA, COMPLETE ->
          throw new AssertionError("no lines in " + state);
    };
  }

  /** {@code HTTP/1.1 200 OK}, of which the reason may be missing. */
  private State afterStatusLine() throws MalformedMessageException {
    byte minor = line.at(VERSION.length);
    byte behindStatus = line.at(12);
    if (!line.startsWith(VERSION)
        || (minor != '0' && minor != '1')
        || line.at(8) != ' '
        || (behindStatus != ' ' && behindStatus != 0)) {
      throw new MalformedMessageException("not an HTTP/1 status line: " + line);
    }
    status = (int) line.number(9, 12, 10);
    if (status < 100 || status > 599) {
      throw new MalformedMessageException("not a status: " + line);
    }
    keepAlive = minor == '1';
    chunked = false;
    contentLength = -1;
    return State.HEADERS;
  }

  private State afterHeader() throws MalformedMessageException {
    if (line.startsWith(CONTENT_LENGTH)) {
      long length = line.number(CONTENT_LENGTH.length, line.length(), 10);
      if (contentLength != -1 && contentLength != length) {
        throw new MalformedMessageException("two different Content-Lengths");
      }
      contentLength = length;
    } else if (line.startsWith(TRANSFER_ENCODING)) {
      chunked = line.lowerCaseText(TRANSFER_ENCODING.length).endsWith("chunked");
    } else if (line.startsWith(CONNECTION)) {
      String options = line.lowerCaseText(CONNECTION.length);
      keepAlive = (keepAlive || options.contains("keep-alive")) && !options.contains("close");
    }
    return State.HEADERS;
  }

  private State afterHead() {
    if (status < 200) {
      return State.STATUS_LINE; // an interim reply; the real one follows
    }
    if (status == 204 || status == 304) {
      return State.COMPLETE;
    }
    if (chunked) {
      return State.CHUNK_SIZE;
    }
    if (contentLength >= 0) {
      bodyLeft = contentLength;
      return bodyLeft == 0 ? State.COMPLETE : State.FIXED_BODY;
    }
    keepAlive = false;
    return State.BODY_UNTIL_CLOSE;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
