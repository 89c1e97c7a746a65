package dev.skiff.server.http;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.util.ArrayDeque;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The memory of bodies. What bodies of requests take of the heap together is bounded, so that many
 * at a time do not end the process. And arrays of large bodies wait for the next one of about their
 * size: a new one for each would live as long as the model runs, past its collection with the
 * young, and the heap would grow by every one of them until it is collected as a whole. What waits
 * is bounded, too: past the limit all that waits is left to the collector. Thread-safe.
 */
final class BodyMemory {
  /** Smaller arrays cost less than to keep them. */
  static final int LEAST_BYTES = 64 << 10;

  /** The one that all bodies share. */
  static final BodyMemory SHARED = ofHeap(Runtime.getRuntime().maxMemory());

  private final long mostTakenBytes;
  private final long mostIdleBytes;
  private final TreeMap<Integer, ArrayDeque<byte[]>> idle = new TreeMap<>();
  private long idleBytes;
  private long takenBytes;

  /**
   * Memory of which nothing is taken.
   *
   * @param mostTakenBytes what bodies of requests may take at a time
   * @param mostIdleBytes what may wait
   */
  BodyMemory(long mostTakenBytes, long mostIdleBytes) {
    this.mostTakenBytes = mostTakenBytes;
    this.mostIdleBytes = mostIdleBytes;
  }

  /** What bodies may have of a heap of so many bytes. */
  static BodyMemory ofHeap(long bytes) {
    return new BodyMemory(bytes / 2, Math.min(64L << 20, bytes / 16));
  }

  /**
   * The most bytes that one request's body may have: less than half of what all have together, for
   * it is copied as it grows.
   *
   * @param allowed the most that it may have wherever there is memory
   */
  long limit(long allowed) {
    return Math.min(allowed, mostTakenBytes / 2 - 1);
  }

  /**
   * Counts memory that a request's body is about to take.
   *
   * @throws InferenceException OVERLOADED if others have too much of it
   */
  synchronized void take(long bytes) {
    if (bytes > mostTakenBytes - takenBytes) {
      throw new InferenceException(
          ErrorCode.OVERLOADED,
          "bodies of other requests hold %d of %d bytes".formatted(takenBytes, mostTakenBytes));
    }
    takenBytes += bytes;
  }

  /** Counts memory that a request's body has taken, and does not use any more. */
  synchronized void giveBack(long bytes) {
    takenBytes -= bytes;
  }

  /**
   * An array that waited, of so many bytes or up to twice as many; null if there is none. It holds
   * whatever its last user left there.
   */
  synchronized byte @Nullable [] poll(long bytes) {
    if (bytes < LEAST_BYTES || bytes > mostIdleBytes) {
      return null;
    }
    var fitting = idle.ceilingEntry((int) bytes);
    if (fitting == null || fitting.getKey() > 2 * bytes) {
      return null;
    }
    byte[] array = fitting.getValue().pop();
    if (fitting.getValue().isEmpty()) {
      idle.remove(fitting.getKey());
    }
    idleBytes -= array.length;
    return array;
  }

  /**
   * A larger array with what is in this one, which is taken.
   *
   * @param used how many of its bytes are copied
   * @param wanted how many bytes one that waited has to have
   * @param otherwise how many a new one gets
   */
  byte[] grow(byte[] array, int used, long wanted, int otherwise) {
    byte[] waited = poll(wanted);
    byte[] larger = waited == null ? new byte[otherwise] : waited;
    System.arraycopy(array, 0, larger, 0, used);
    offer(array);
    return larger;
  }

  /** Takes an array that nobody reads or writes any more. */
  synchronized void offer(byte[] array) {
    if (array.length < LEAST_BYTES || array.length > mostIdleBytes) {
      return;
    }
    if (idleBytes + array.length > mostIdleBytes) {
      idle.clear();
      idleBytes = 0;
    }
    idle.computeIfAbsent(array.length, length -> new ArrayDeque<>()).push(array);
    idleBytes += array.length;
  }
}
