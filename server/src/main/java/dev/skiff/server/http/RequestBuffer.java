package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/**
 * Memory that the pieces of a request body are copied together in. New memory grows with what came,
 * not with what the client said would come. Used by one thread at a time.
 */
final class RequestBuffer implements AutoCloseable {
  private static final byte[] NONE = {};
  private static final long CHUNKS_ALWAYS_TAKEN = 65_536;

  private final long length;
  private final long limit;
  private byte[] bytes = NONE;
  private int size;
  private long taken;

  /**
   * An empty buffer.
   *
   * @param length how many bytes the client said that the body has, -1 if it did not
   * @param limit the most bytes that it may have
   */
  RequestBuffer(long length, long limit) {
    this.length = length;
    this.limit = limit;
  }

  /**
   * Whether a body whose length is not told came in too many chunks: each costs more than its
   * bytes. As many are well as would fill the limit with a KiB each, and 65,536 in any case.
   *
   * @param length how many bytes the client said that it has, -1 if it did not
   */
  static boolean isOverChunked(long length, long chunks, long limit) {
    return length < 0 && chunks > mostChunks(limit);
  }

  /** What came of a body that is too large, in bytes or in chunks. */
  static String excess(long length, long chunks, long limit) {
    return isOverChunked(length, chunks, limit)
        ? "more than " + mostChunks(limit) + " chunks"
        : "more";
  }

  private static long mostChunks(long limit) {
    return Math.max(CHUNKS_ALWAYS_TAKEN, limit >> 10);
  }

  /**
   * Copies a piece to the end.
   *
   * @throws dev.skiff.server.inference.InferenceException OVERLOADED if there is no memory for it
   */
  void append(ByteBuffer piece) {
    int more = piece.remaining();
    room(more);
    piece.get(bytes, size, more);
    size += more;
  }

  /**
   * Reads the next piece, which may go past the limit.
   *
   * @return false at the end of the stream
   * @throws dev.skiff.server.inference.InferenceException as {@link #append}
   */
  boolean read(InputStream in) throws IOException {
    room(1);
    int read = in.read(bytes, size, bytes.length - size);
    size += Math.max(0, read);
    return read >= 0;
  }

  /** How many bytes came. */
  int size() {
    return size;
  }

  /** What came, valid until this is closed. */
  Body body() {
    return new Body(bytes, 0, size);
  }

  private void room(int more) {
    int needed = size + more;
    if (needed <= bytes.length) {
      return;
    }
    long ample = Math.max(BodyMemory.LEAST_BYTES, 2L * bytes.length);
    long wanted = Math.max(needed, length < 0 ? ample : length);
    long most = length < 0 ? limit + 1 : length;
    int otherwise = (int) Math.max(needed, Math.min(ample, most));
    // What it had is there until it is copied.
    BodyMemory.SHARED.take(otherwise);
    long before = taken;
    taken = otherwise;
    bytes = BodyMemory.SHARED.grow(bytes, size, wanted, otherwise);
    BodyMemory.SHARED.giveBack(before);
  }

  /** Gives the memory back. */
  @Override
  public void close() {
    BodyMemory.SHARED.giveBack(taken);
    taken = 0;
    BodyMemory.SHARED.offer(bytes);
    bytes = NONE;
    size = 0;
  }
}
