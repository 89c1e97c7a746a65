package dev.skiff.server.batching;

import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;

/** A runner whose runs do not end before the gate is open. */
final class GatedRunner implements Runner {
  static final long RUN_NANOS = 42;

  private final CountDownLatch gate = new CountDownLatch(1);
  private final ConcurrentLinkedQueue<InferenceRequest> started = new ConcurrentLinkedQueue<>();
  private int running;
  private int most;

  @Override
  public InferenceResponse run(InferenceRequest request) {
    change(1);
    started.add(request);
    try {
      gate.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    } finally {
      change(-1);
    }
    return new InferenceResponse(new LinkedHashMap<>(), 0, RUN_NANOS);
  }

  void open() {
    gate.countDown();
  }

  /** The requests that were run, in the order in which they began. */
  List<InferenceRequest> started() {
    return List.copyOf(started);
  }

  /** The most runs that there were at a time. */
  synchronized int most() {
    return most;
  }

  private synchronized void change(int by) {
    running += by;
    most = Math.max(most, running);
  }
}
