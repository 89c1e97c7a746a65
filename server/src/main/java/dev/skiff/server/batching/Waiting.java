package dev.skiff.server.batching;

import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Tensor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A request in a {@link Batcher}, and the thread that brought it. */
final class Waiting {
  final InferenceRequest request;

  /** As {@link Batch#rows} counts them: 0 if nothing can join it. */
  final long rows;

  final long arrived = System.nanoTime();
  private final Thread thread = Thread.currentThread();
  private volatile @Nullable Outcome outcome;

  /** Whether it has left the queue to be run: from then on it will be settled. */
  boolean taken;

  Waiting(InferenceRequest request) {
    this.request = request;
    this.rows = Batch.rows(request);
  }

  /** The bytes of its inputs. */
  long bytes() {
    long bytes = 0;
    for (Tensor input : request.inputs().values()) {
      bytes += input.data().limit();
    }
    return bytes;
  }

  void wake() {
    LockSupport.unpark(thread);
  }

  /** Says what became of it, and wakes its thread. */
  void settle(Outcome settled) {
    outcome = settled;
    wake();
  }

  boolean settled() {
    return outcome != null;
  }

  /** The answer, or the exception, once it is settled. */
  InferenceResponse answer() {
    Outcome known = outcome;
    if (known == null) {
      throw new IllegalStateException("not settled yet");
    }
    return known.answer();
  }
}
