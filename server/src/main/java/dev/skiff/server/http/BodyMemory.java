package dev.skiff.server.http;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.util.ArrayDeque;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The memory of bodies. What bodies of requests and replies take of the heap together is bounded,
 * so that many at a time do not end the process; a part of it is for replies alone, since to refuse
 * what has not begun costs least. And arrays of large bodies wait for the next one of about their
 * size: a new one for each would live as long as the model runs, past its collection with the
 * young, and the heap would grow by every one of them until it is collected as a whole. What waits
 * is bounded, too: past the limit all that waits is left to the collector. Thread-safe.
 */
final class BodyMemory {
  /** Smaller arrays cost less than to keep them. */
  static final int LEAST_BYTES = 64 << 10;

  /** The one that all bodies share. */
  static final BodyMemory SHARED = ofHeap(Runtime.getRuntime().maxMemory());

  private final long mostOfRequests;
  private final long mostTakenBytes;
  private final long mostIdleBytes;
  private final TreeMap<Integer, ArrayDeque<byte[]>> idle = new TreeMap<>();
  private long idleBytes;
  private long takenBytes;

  /**
   * Memory of which nothing is taken.
   *
   * @param mostOfRequests what may be taken at a time for bodies of requests to have more
   * @param mostTakenBytes the same, for replies
   * @param mostIdleBytes what may wait
   */
  BodyMemory(long mostOfRequests, long mostTakenBytes, long mostIdleBytes) {
    this.mostOfRequests = mostOfRequests;
    this.mostTakenBytes = mostTakenBytes;
    this.mostIdleBytes = mostIdleBytes;
  }

  /** What bodies may have of a heap of so many bytes. */
  static BodyMemory ofHeap(long bytes) {
    return new BodyMemory(bytes / 2, bytes / 8 * 5, Math.min(64L << 20, bytes / 16));
  }

  /**
   * The most bytes that one request's body may have: less than half of what all have together, for
   * it is copied as it grows.
   *
   * @param allowed the most that it may have wherever there is memory
   */
  long limit(long allowed) {
    return Math.min(allowed, mostOfRequests / 2 - 1);
  }

  /**
   * The most bytes that the body of one reply may have: so many that it fits, with what it is
   * copied from as it grows, beside the largest body that a request may have.
   *
   * @param allowed the most that it may have wherever there is memory
   */
  int replyLimit(int allowed) {
    return (int) Math.min(allowed, (mostTakenBytes - mostOfRequests / 2) / 2);
  }

  /**
   * Counts memory that a request's body is about to take.
   *
   * @throws InferenceException OVERLOADED if others have too much of it
   */
  void take(long bytes) {
    take(bytes, mostOfRequests);
  }

  /**
   * Counts memory that a reply is about to take.
   *
   * @throws InferenceException as {@link #take}
   */
  void takeForReply(long bytes) {
    take(bytes, mostTakenBytes);
  }

  private synchronized void take(long bytes, long most) {
    if (bytes > most - takenBytes) {
      throw new InferenceException(
          ErrorCode.OVERLOADED,
          "other requests and replies hold %d of %d bytes".formatted(takenBytes, most));
    }
    takenBytes += bytes;
  }

  /** Counts memory that a body has taken, and does not use any more. */
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
