package dev.skiff.server.model;

import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.Tensor;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How long the requests of a model keep a thread: at first the run alone, as the warm-up measured
 * it, then all of it, as the latest requests did. One that is larger than the warm-up's is taken to
 * last longer in proportion, which is seldom too little. Thread-safe.
 */
public final class ServiceTime {
  /**
   * How long a request may keep a thread that others wait for, in nanoseconds. To hand it to
   * another thread costs 10 to 20 microseconds: a tenth and more of what is quicker than this, and
   * nothing that counts for what is slower, beside the wait of the others.
   */
  public static final long QUICK_NANOS = 200_000;

  /** Each request counts for an eighth: one that was held up says little, a few say enough. */
  private static final int WEIGHT_SHIFT = 3;

  /** A request that took longer was held up by something else, and counts as if it took so long. */
  private static final int MOST_TIMES = 4;

  private final AtomicLong nanos;
  private final long elements;
  private final boolean bounded;

  private ServiceTime(long nanos, long elements, boolean bounded) {
    this.nanos = new AtomicLong(nanos);
    this.elements = Math.max(1, elements);
    this.bounded = bounded;
  }

  /** That of a model whose run on this request took so long, in nanoseconds. */
  static ServiceTime measured(InferenceRequest request, long nanos) {
    return new ServiceTime(nanos, elements(request), true);
  }

  /** That of a model that could not be measured: not quick, until its requests show that it is. */
  public static ServiceTime unknown() {
    return new ServiceTime(2 * QUICK_NANOS, 1, true);
  }

  /** The same, for a model whose runs may last any time, whatever the others did. */
  ServiceTime unbounded() {
    return new ServiceTime(nanos.get(), elements, false);
  }

  /** How long a request as small as the warm-up's will probably take, in nanoseconds. */
  public long nanos() {
    return nanos.get();
  }

  /** Whether a small request will probably be quick. */
  public boolean isQuick() {
    return bounded && nanos.get() <= QUICK_NANOS;
  }

  /** Whether this request will probably be quick. */
  public boolean isQuick(InferenceRequest request) {
    return bounded && nanos.get() * size(request) <= QUICK_NANOS;
  }

  /** Takes in how long this request took, in nanoseconds. */
  public void learn(InferenceRequest request, long took) {
    long before = nanos.get();
    long most = MOST_TIMES * Math.max(before, QUICK_NANOS);
    long asSmall = Math.min(most, (long) (took / size(request)));
    // Of two that end at the same time one may be lost.
    nanos.lazySet(before + ((asSmall - before) >> WEIGHT_SHIFT));
  }

  /** How many times as large as the warm-up's; 1 for what is smaller. */
  private double size(InferenceRequest request) {
    return Math.max(1, (double) elements(request) / elements);
  }

  private static long elements(InferenceRequest request) {
    long sum = 0;
    for (Tensor input : request.inputs().values()) {
      sum += input.shape().elements();
    }
    return sum;
  }
}
