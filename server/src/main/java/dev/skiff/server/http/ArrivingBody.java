package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;

/**
 * A request body that is taken as it comes, without waiting. One that came in one piece is read
 * where Jetty put it; the pieces of others are copied together, into an array that grows with what
 * came, not with what the client said would come. Used by one thread at a time.
 */
final class ArrivingBody implements AutoCloseable {
  private static final int FIRST_BYTES = 64 << 10;

  private final Content.Source source;
  private final long length;
  private final long limit;
  private byte[] bytes = {};
  private int size;
  private Content.@Nullable Chunk lent;
  private @Nullable Throwable failure;
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
      } else if ((long) size + chunk.remaining() > limit) {
        chunk.release();
        tooLarge = true;
        ended = true;
      } else {
        add(chunk);
      }
    }
    return true;
  }

  /** Whether nothing more of it is read. */
  boolean hasEnded() {
    return ended;
  }

  /** Whether it is over the limit. */
  boolean isTooLarge() {
    return tooLarge;
  }

  /** Why it did not come to its end; null if it did. */
  @Nullable Throwable failure() {
    return failure;
  }

  /** What came, valid until this is closed. */
  Body body() {
    if (lent == null) {
      return new Body(bytes, 0, size);
    }
    ByteBuffer content = lent.getByteBuffer();
    return new Body(content.array(), content.arrayOffset() + content.position(), size);
  }

  private void add(Content.Chunk chunk) {
    if (size == 0 && chunk.hasRemaining() && chunk.getByteBuffer().hasArray()) {
      lent = chunk;
      size = chunk.remaining();
      return;
    }
    own();
    append(chunk);
  }

  /** Copies what Jetty has lent, so that its buffer can take the next piece. */
  private void own() {
    Content.Chunk piece = lent;
    if (piece != null) {
      lent = null;
      size = 0;
      append(piece);
    }
  }

  private void append(Content.Chunk chunk) {
    int more = chunk.remaining();
    if (size + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, capacity(size + more));
    }
    chunk.getByteBuffer().get(bytes, size, more);
    size += more;
    chunk.release();
  }

  private int capacity(int needed) {
    long ample = Math.max(needed, Math.max(FIRST_BYTES, 2L * bytes.length));
    return (int) Math.min(ample, length < 0 ? limit : length);
  }

  /** Gives back what Jetty has lent. */
  @Override
  public void close() {
    if (lent != null) {
      lent.release();
      lent = null;
    }
  }
}
