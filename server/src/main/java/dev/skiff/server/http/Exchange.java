package dev.skiff.server.http;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.logging.LogContext;
import dev.skiff.server.model.ModelVersion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpException;
import org.jspecify.annotations.Nullable;

/**
 * One request and its reply, as every handler sees them, whichever door they came through. Used by
 * one thread at a time.
 */
abstract class Exchange {
  private final long start = System.nanoTime();
  private boolean timed;

  /** Who asks, for the log; null until {@link Reception} has seen the request. */
  @Nullable LogContext logContext;

  /** Whether it may be answered; not known before {@link Reception} has asked. */
  boolean admitted;

  /** What has been read and waits until it has run with others; null before and after. */
  @Nullable Prediction<?> prediction;

  /** The thread that it is to go on with; null if it needs none or has not asked for one. */
  ThreadShares.@Nullable Place place;

  /** Keeps the model that it is to go on with; null until it has that thread. */
  ModelVersion.@Nullable Lease lease;

  /**
   * Bytes of a request or a reply.
   *
   * @param bytes where they lie, among others
   * @param offset the place of the first
   * @param length how many they are
   * @param lent who gets their memory back when the reply is out, if anybody does
   * @param tensors whose data follows those bytes in a reply, and which nobody else has
   */
  @SuppressWarnings("ArrayRecordComponent") // a view on a buffer, never compared
  record Body(
      byte[] bytes, int offset, int length, @Nullable ReplyBuffer lent, List<Tensor> tensors) {
    Body(byte[] bytes, int offset, int length) {
      this(bytes, offset, length, null, List.of());
    }

    Body(byte[] bytes) {
      this(bytes, 0, bytes.length);
    }

    /** How many bytes a reply has, those of its tensors among them. */
    int size() {
      int size = length;
      for (Tensor tensor : tensors) {
        size += tensor.data().limit();
      }
      return size;
    }

    /** All bytes of a reply, piece by piece. */
    ByteBuffer[] pieces() {
      ByteBuffer[] pieces = new ByteBuffer[1 + tensors.size()];
      pieces[0] = ByteBuffer.wrap(bytes, offset, length);
      for (int i = 0; i < tensors.size(); i++) {
        pieces[1 + i] = tensors.get(i).data().duplicate().rewind();
      }
      return pieces;
    }

    /** Says, once, that nobody will read the bytes any more. */
    void release() {
      tensors.forEach(Tensor::close);
      if (lent != null) {
        lent.giveBack();
      }
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

  /** Whether the request may keep its thread while it waits or the model runs for long. */
  abstract boolean mayWait();

  /**
   * Whether the prediction will run with those of other requests that came at the same time. Then
   * the exchange is to be postponed, and to come again with what became of it.
   */
  boolean joins(Prediction<?> begun) {
    return false;
  }

  /**
   * The whole request body.
   *
   * @throws Postponed if it is not here yet and the request may not wait
   * @throws dev.skiff.server.inference.InferenceException TOO_LARGE over the limit, REQUEST_TIMEOUT
   *     if it came too slowly
   * @throws IOException if the client went away
   */
  abstract Body body() throws IOException;

  /** Sets a header of the reply. Call it before {@link #reply}. */
  abstract void replyHeader(String name, String value);

  /** Sends the reply out of the door, and releases its body when it is out. */
  protected abstract void send(int status, String contentType, Body body) throws IOException;

  /** Tells the client where the time of its prediction went, in nanoseconds. */
  final void timed(long read, long queue, long run, long write) {
    timed = true;
    replyHeader(Timings.HEADER, Timings.prediction(read, queue, run, write));
  }

  /**
   * Sends the reply, once; compressed where the client wants it and that is worth it.
   *
   * @throws IOException if the client went away
   */
  final void reply(int status, String contentType, Body body) throws IOException {
    if (!timed) {
      replyHeader(Timings.HEADER, Timings.total(System.nanoTime() - start));
    }
    send(status, contentType, ContentCoding.encoded(this, body));
  }

  /** The error for a body over the limit. */
  protected final InferenceException tooLarge(long limit, String got) {
    return unread(
        new InferenceException(
            ErrorCode.TOO_LARGE, "the body may have " + limit + " bytes at most, got " + got));
  }

  /** An error before the end of the body. */
  protected final InferenceException unread(InferenceException error) {
    // What was not read cannot be skipped for ever: the connection ends with the reply.
    replyHeader("Connection", "close");
    return error;
  }

  /**
   * The error for a body that could not be read to its end.
   *
   * @throws IOException if the client went away
   */
  protected static InferenceException broken(Throwable failure) throws IOException {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof TimeoutException) {
        return new InferenceException(
            ErrorCode.REQUEST_TIMEOUT, "the rest of the body did not come in time");
      }
      if (cause instanceof HttpException http) {
        String reason = http.getReason();
        return new InferenceException(
            ErrorMapper.code(http.getCode()),
            "the body is not valid HTTP" + (reason == null ? "" : ": " + reason));
      }
    }
    throw failure instanceof IOException io ? io : new IOException(failure);
  }

  /** When the request arrived, on the clock of {@link System#nanoTime}. */
  final long start() {
    return start;
  }

  /** The nanoseconds since the request arrived. */
  final long age() {
    return System.nanoTime() - start;
  }
}
