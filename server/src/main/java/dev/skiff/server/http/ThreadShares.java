package dev.skiff.server.http;

import dev.skiff.server.batching.Batcher;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
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
  private final Map<Batcher, Share> shares = new HashMap<>();
  private int taken;

  /** What one model has. */
  private static final class Share {
    int threads;

    /** Those of them whose requests the model has not seen. */
    int coming;
  }

  /** Shares of so many threads. */
  ThreadShares(int threads) {
    this.threads = threads;
  }

  /**
   * Takes a thread for a request of the model, before it is on one: what is refused costs least
   * where it comes from the network, and those on their way are in nobody's queue yet.
   *
   * @throws InferenceException OVERLOADED at once if the model has its share of threads, or if its
   *     queue will be full when all that are coming have come
   */
  synchronized Place take(Batcher batcher) {
    Share share = shares.get(batcher);
    int before = share == null ? 0 : share.threads;
    batcher.requireRoom(share == null ? 0 : share.coming);
    if (before >= TIMES_FREE * (threads - taken)) {
      throw new InferenceException(
          ErrorCode.OVERLOADED,
          "the model's requests hold %d of %d threads, and others need the rest"
              .formatted(before, threads));
    }
    if (share == null) {
      share = new Share();
      shares.put(batcher, share);
    }
    share.threads++;
    share.coming++;
    taken++;
    return new Place(batcher, share);
  }

  /** The thread that one request has. Used by one thread at a time. */
  final class Place implements AutoCloseable {
    private final Batcher batcher;
    private final Share share;
    private boolean coming = true;

    private Place(Batcher batcher, Share share) {
      this.batcher = batcher;
      this.share = share;
    }

    /** The model sees the request now. */
    void arrive() {
      synchronized (ThreadShares.this) {
        if (coming) {
          coming = false;
          share.coming--;
        }
      }
    }

    /** Gives the thread back. Called once. */
    @Override
    public void close() {
      synchronized (ThreadShares.this) {
        arrive();
        taken--;
        if (--share.threads == 0) {
          shares.remove(batcher);
        }
      }
    }
  }
}
