package dev.skiff.server.inference;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The native memory of tensors, whether they are in use or wait in a pool. It is bounded, because
 * nothing else does that but the operating system, by killing the process. Thread-safe.
 */
final class TensorMemory {
  /** The one that all tensors share: as much as the heap may have, which the JVM does not count. */
  static final TensorMemory SHARED = new TensorMemory(Runtime.getRuntime().maxMemory());

  private final long mostBytes;
  private final AtomicLong taken = new AtomicLong();
  private final Set<TensorPool> pools = ConcurrentHashMap.newKeySet();

  /** Memory of which nothing is taken. */
  TensorMemory(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  /** From now on what waits there makes room for others. */
  void add(TensorPool pool) {
    pools.add(pool);
  }

  void remove(TensorPool pool) {
    pools.remove(pool);
  }

  /**
   * Counts memory that a tensor is about to take.
   *
   * @throws InferenceException OVERLOADED if others have too much of it, RESOURCE_EXHAUSTED if it
   *     is more than all may have
   */
  void take(long bytes) {
    if (bytes > mostBytes) {
      throw new InferenceException(
          ErrorCode.RESOURCE_EXHAUSTED,
          "a tensor of %d bytes is over the limit of %d bytes".formatted(bytes, mostBytes));
    }
    if (!tryTake(bytes)) {
      pools.forEach(TensorPool::freeIdle);
      if (!tryTake(bytes)) {
        throw new InferenceException(
            ErrorCode.OVERLOADED,
            "tensors of other requests hold %d of %d bytes".formatted(taken.get(), mostBytes));
      }
    }
  }

  private boolean tryTake(long bytes) {
    long before = taken.get();
    while (bytes <= mostBytes - before) {
      if (taken.compareAndSet(before, before + bytes)) {
        return true;
      }
      before = taken.get();
    }
    return false;
  }

  /** Counts memory that a tensor has given back. */
  void giveBack(long bytes) {
    taken.addAndGet(-bytes);
  }
}
