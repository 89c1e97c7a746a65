package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Tensor;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Memory that replies are written into, one after the other. Each thread keeps one that waits for
 * its next reply; whoever sent a reply gives its memory back, on whatever thread that ends. What
 * would be larger than an array is refused with RESOURCE_EXHAUSTED.
 */
final class ReplyBuffer extends OutputStream {
  private static final int FIRST_BYTES = 1 << 10;

  /** What has grown larger is not kept by a thread: there may be many. */
  private static final int MOST_KEPT_BYTES = 16 << 10;

  private static final int MOST_BYTES = Integer.MAX_VALUE - 16;

  private static final ThreadLocal<@Nullable ReplyBuffer> KEPT = new ThreadLocal<>();

  private byte[] bytes = new byte[FIRST_BYTES];
  private int size;

  private ReplyBuffer() {}

  /** An empty buffer. Until it is given back nobody else writes into it. */
  static ReplyBuffer take() {
    ReplyBuffer kept = KEPT.get();
    if (kept == null) {
      return new ReplyBuffer();
    }
    KEPT.set(null);
    kept.size = 0;
    return kept;
  }

  @Override
  public void write(int value) {
    room(1);
    bytes[size++] = (byte) value;
  }

  @Override
  public void write(byte[] from, int offset, int length) {
    room(length);
    System.arraycopy(from, offset, bytes, size, length);
    size += length;
  }

  /** Appends the bytes of all of these, each from its first to its limit. */
  void append(List<ByteBuffer> parts) {
    int more = parts.stream().mapToInt(ByteBuffer::limit).reduce(0, Math::addExact);
    room(more, Math.addExact(size, more));
    for (ByteBuffer part : parts) {
      part.get(0, bytes, size, part.limit());
      size += part.limit();
    }
  }

  private void room(int more) {
    room(more, 2L * size + 2L * more);
  }

  /** Memory for some bytes more, of so many in all where there is none. */
  private void room(int more, long ample) {
    long needed = (long) size + more;
    if (needed > MOST_BYTES) {
      throw new InferenceException(
          ErrorCode.RESOURCE_EXHAUSTED,
          "the reply would be over the limit of " + MOST_BYTES + " bytes");
    }
    if (needed > bytes.length) {
      int otherwise = (int) Math.max(needed, Math.min(ample, MOST_BYTES));
      bytes = BodyMemory.SHARED.grow(bytes, size, ample, otherwise);
    }
  }

  /** What was written, valid until it is {@linkplain Body#release released}. */
  Body body() {
    return body(List.of());
  }

  /** The same, with the data of tensors behind it, which are released with it. */
  Body body(List<Tensor> tensors) {
    return new Body(bytes, 0, size, this, tensors);
  }

  /** Takes the buffer back, once, when nobody reads what was written. */
  void giveBack() {
    if (bytes.length <= MOST_KEPT_BYTES) {
      KEPT.set(this);
    } else {
      BodyMemory.SHARED.offer(bytes);
    }
  }
}
