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
 * its next reply; whoever sent a reply gives its memory back, on whatever thread that ends. Large
 * ones share {@link BodyMemory} with all other bodies: one that finds none is refused with
 * OVERLOADED, one that never could with RESOURCE_EXHAUSTED.
 */
final class ReplyBuffer extends OutputStream {
  private static final int FIRST_BYTES = 1 << 10;

  /** What has grown larger is not kept by a thread, and it is counted: there may be many. */
  private static final int MOST_KEPT_BYTES = 16 << 10;

  private static final int MOST_BYTES = BodyMemory.SHARED.replyLimit(Integer.MAX_VALUE - 16);

  private static final ThreadLocal<@Nullable ReplyBuffer> KEPT = new ThreadLocal<>();

  private byte[] bytes = new byte[FIRST_BYTES];
  private int size;
  private long taken;

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
    if (needed > bytes.length) {
      grow(needed, ample);
    }
  }

  private void grow(long needed, long ample) {
    if (needed > MOST_BYTES) {
      throw new InferenceException(
          ErrorCode.RESOURCE_EXHAUSTED,
          "the reply would be over the limit of " + MOST_BYTES + " bytes");
    }
    int most = needed > MOST_KEPT_BYTES ? MOST_BYTES : MOST_KEPT_BYTES;
    int otherwise = (int) Math.max(needed, Math.min(ample, most));
    long before = taken;
    if (otherwise > MOST_KEPT_BYTES) {
      // What it had is there until it is copied.
      BodyMemory.SHARED.takeForReply(otherwise);
      taken = otherwise;
    }
    bytes = BodyMemory.SHARED.grow(bytes, size, ample, otherwise);
    BodyMemory.SHARED.giveBack(before);
  }

  /** How many bytes were written. */
  int size() {
    return size;
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
      BodyMemory.SHARED.giveBack(taken);
      BodyMemory.SHARED.offer(bytes);
    }
  }
}
