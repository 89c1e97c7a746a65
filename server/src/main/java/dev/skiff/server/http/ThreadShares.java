package dev.skiff.server.http;

import dev.skiff.server.batching.Batcher;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import java.util.HashMap;
import java.util.Map;

/**
 * The threads of the server's pool, as the models share them: each request holds one while it runs
 * or waits for its turn. A model may have up to twice as many as are free, so that one alone gets
 * two thirds of them, two at the same time get two fifths each, and some are left for the next
 * model and for everything else. That is the dynamic threshold of Choudhury and Hahne (Dynamic
 * Queue Length Thresholds for Shared-Memory Packet Switches, 1998). Thread-safe.
 */
final class ThreadShares {
  private static final int TIMES_FREE = 2;

  private final int threads;
  private final Map<Batcher, Integer> held = new HashMap<>();
  private int taken;

  /** Shares of so many threads. */
  ThreadShares(int threads) {
    this.threads = threads;
  }

  /**
   * Runs a request on the calling thread, which may be one of its model's.
   *
   * @throws InferenceException OVERLOADED at once if the model has its share of threads; else as
   *     {@link Batcher#run}
   */
  InferenceResponse run(Batcher batcher, InferenceRequest request) {
    take(batcher);
    try {
      return batcher.run(request);
    } finally {
      giveBack(batcher);
    }
  }

  synchronized void take(Batcher batcher) {
    int before = held.getOrDefault(batcher, 0);
    if (before >= TIMES_FREE * (threads - taken)) {
      throw new InferenceException(
          ErrorCode.OVERLOADED,
          "the model's requests hold %d of %d threads, and others need the rest"
              .formatted(before, threads));
    }
    held.put(batcher, before + 1);
    taken++;
  }

  synchronized void giveBack(Batcher batcher) {
    int left = held.getOrDefault(batcher, 0) - 1;
    if (left == 0) {
      held.remove(batcher);
    } else {
      held.put(batcher, left);
    }
    taken--;
  }
}
