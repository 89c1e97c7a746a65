package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.InferenceException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;

/**
 * A request body that is taken as it comes, without waiting. One that came in one piece is read
 * where Jetty put it; the pieces of others are copied together. Used by one thread at a time.
 */
final class ArrivingBody implements AutoCloseable {
  private final Content.Source source;
  private final long length;
  private final long limit;
  private Content.@Nullable Chunk lent;
  private @Nullable RequestBuffer copied;
  private @Nullable Throwable failure;
  private @Nullable InferenceException refusal;
  private long pieces;
  private boolean tooLarge;
  private boolean ended;

  /**
   * A body of which nothing has been taken.
   *
   * @param length how many bytes the client said that it has, -1 if it did not
   * @param limit the most bytes that it may have
   */
  ArrivingBody(Content.Source source, long length, long limit) {
    this.source = source;
    this.length = length;
    this.limit = limit;
  }

  /**
   * Takes what has come.
   *
   * @return whether nothing more is needed: the body is whole, or there will be none
   */
  boolean take() {
    try {
      return takeAll();
    } catch (InferenceException e) {
      refusal = e;
      ended = true;
      return true;
    }
  }

  private boolean takeAll() {
    while (!ended) {
      Content.Chunk chunk = source.read();
      if (chunk == null) {
        own();
        return false;
      }
      ended = chunk.isLast();
      if (Content.Chunk.isFailure(chunk)) {
        failure = chunk.getFailure();
        ended = true;
      } else if (size() + chunk.remaining() > limit
          || RequestBuffer.isOverChunked(length, ++pieces, limit)) {
        chunk.release();
        tooLarge = true;
        ended = true;
      } else {
        add(chunk);
      }
    }
    return true;
  }

  /** What came if it is too large. */
  String excess() {
    return RequestBuffer.excess(length, pieces, limit);
  }

  /** Whether it is over the limit, or its chunks are too many. */
  boolean isTooLarge() {
    return tooLarge;
  }

  /** Why there is no memory for it; null if there is. */
  @Nullable InferenceException refusal() {
    return refusal;
  }

  /** Why it did not come to its end; null if it did. */
  @Nullable Throwable failure() {
    return failure;
  }

  /** What came, valid until this is closed. */
  Body body() {
    if (lent != null) {
      ByteBuffer content = lent.getByteBuffer();
      return new Body(
          content.array(), content.arrayOffset() + content.position(), content.remaining());
    }
    return copied == null ? new Body(new byte[0]) : copied.body();
  }

  private long size() {
    if (lent != null) {
      return lent.remaining();
    }
    return copied == null ? 0 : copied.size();
  }

  private void add(Content.Chunk chunk) {
    if (size() == 0 && chunk.hasRemaining() && chunk.getByteBuffer().hasArray()) {
      lent = chunk;
      return;
    }
    try {
      own();
    } catch (InferenceException e) {
      chunk.release();
      throw e;
    }
    append(chunk);
  }

  /** Copies what Jetty has lent, so that its buffer can take the next piece. */
  private void own() {
    Content.Chunk piece = lent;
    if (piece != null) {
      lent = null;
      append(piece);
    }
  }

  private void append(Content.Chunk chunk) {
    if (copied == null) {
      copied = new RequestBuffer(length, limit);
    }
    try {
      copied.append(chunk.getByteBuffer());
    } finally {
      chunk.release();
    }
  }

  /** Gives back what Jetty has lent, and the memory of what was copied. */
  @Override
  public void close() {
    if (lent != null) {
      lent.release();
      lent = null;
    }
    if (copied != null) {
      copied.close();
      copied = null;
    }
  }
}
