package dev.skiff.server.http;

import java.util.ArrayDeque;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Arrays of large bodies that wait for the next one of about their size. A new array for each would
 * live as long as the model runs, past its collection with the young, and the heap would grow by
 * every one of them until it is collected as a whole. What waits is bounded: past the limit all
 * that waits is left to the collector. Thread-safe.
 */
final class BodyMemory {
  /** Smaller arrays cost less than to keep them. */
  static final int LEAST_BYTES = 64 << 10;

  /** The one that all bodies share. */
  static final BodyMemory SHARED =
      new BodyMemory(Math.min(64L << 20, Runtime.getRuntime().maxMemory() / 16));

  private final long mostIdleBytes;
  private final TreeMap<Integer, ArrayDeque<byte[]>> idle = new TreeMap<>();
  private long idleBytes;

  /** Memory that keeps so many bytes at most. */
  BodyMemory(long mostIdleBytes) {
    this.mostIdleBytes = mostIdleBytes;
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
