package dev.skiff.server.http;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One request and its reply, as every handler sees them, whichever door they came through. Used by
 * one thread at a time.
 */
abstract class Exchange {
  private final long start = System.nanoTime();
  private boolean timed;

  /**
   * Bytes of a request or a reply.
   *
   * @param bytes where they lie, among others
   * @param offset the place of the first
   * @param length how many they are
   */
  @SuppressWarnings("ArrayRecordComponent") // a view on a buffer, never compared
  record Body(byte[] bytes, int offset, int length) {
    Body(byte[] bytes) {
      this(bytes, 0, bytes.length);
    }
  }

  /** The method, in capitals. */
  abstract String method();

  /** The first value of a request header, if it was sent. */
  abstract @Nullable String header(String name);

  /** Whether a request header was sent more than once. */
  abstract boolean isRepeated(String name);

  /** A part of the path that the route names, decoded. */
  abstract Optional<String> parameter(String name);

  /**
   * The whole request body.
   *
   * @throws dev.skiff.server.inference.InferenceException TOO_LARGE over the limit, REQUEST_TIMEOUT
   *     if it came too slowly
   * @throws IOException if the client went away
   */
  abstract Body body() throws IOException;

  /** Sets a header of the reply. Call it before {@link #reply}. */
  abstract void replyHeader(String name, String value);

  /** Sends the reply out of the door. */
  protected abstract void send(int status, String contentType, Body body) throws IOException;

  /** Tells the client where the time of its prediction went, in nanoseconds. */
  final void timed(long read, long queue, long run, long write) {
    timed = true;
    replyHeader(Timings.HEADER, Timings.prediction(read, queue, run, write));
  }

  /**
   * Sends the reply, once.
   *
   * @throws IOException if the client went away
   */
  final void reply(int status, String contentType, Body body) throws IOException {
    if (!timed) {
      replyHeader(Timings.HEADER, Timings.total(System.nanoTime() - start));
    }
    send(status, contentType, body);
  }

  /** The nanoseconds since the request arrived. */
  final long age() {
    return System.nanoTime() - start;
  }
}
