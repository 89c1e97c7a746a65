package dev.skiff.server.model;

import dev.skiff.server.batching.RunListener;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One version of a model, loaded once: its state, and while it is ready, the leases on it. The
 * native session is closed after {@link #retire} when the last lease has ended, never under a
 * running request. A version that is loaded anew is another object. Thread-safe.
 */
public final class ModelVersion {
  private final String model;
  private final long version;
  private ModelState state = new ModelState.Loading();
  private @Nullable LoadedModel loaded;
  private @Nullable LoadedModel retired;
  private int leases;

  /** Those that wait for the last lease. They free the model then: it may have gigabytes. */
  private int waiters;

  private volatile RunListener listener = (rows, join, run, split) -> {};

  ModelVersion(String model, long version) {
    this.model = model;
    this.version = version;
  }

  public String model() {
    return model;
  }

  public long version() {
    return version;
  }

  public synchronized ModelState state() {
    return state;
  }

  /** How many requests wait for their turn; 0 while the version is not ready. */
  public synchronized int waiting() {
    return loaded == null ? 0 : loaded.batcher().waiting();
  }

  /** Where the version runs; nothing while it is not ready. */
  public synchronized Optional<Placement> placement() {
    return Optional.ofNullable(loaded).map(LoadedModel::placement);
  }

  /** Has the listener told of each run from now on. */
  public void listen(RunListener told) {
    listener = told;
  }

  /**
   * Passes runs on to whoever listens. It is of one class for all, so that the JVM finds a
   * prediction as it was rehearsed.
   */
  RunListener listener() {
    return this::ran;
  }

  private void ran(long rows, long joinNanos, long runNanos, long splitNanos) {
    listener.ran(rows, joinNanos, runNanos, splitNanos);
  }

  /**
   * Keeps this version alive until the lease is closed.
   *
   * @throws InferenceException NOT_READY while it cannot answer, with the reason
   */
  public synchronized Lease acquire() {
    LoadedModel current = loaded;
    if (current == null) {
      throw new InferenceException(
          ErrorCode.NOT_READY,
          "model '%s' version %d is %s%s"
              .formatted(
                  model,
                  version,
                  state.label(),
                  state instanceof ModelState.Unavailable(String reason) ? ": " + reason : ""));
    }
    leases++;
    return new Lease(current);
  }

  /**
   * The same version for a rehearsal, if it is ready. It has a lease on this one until it is
   * retired.
   */
  synchronized Optional<ModelVersion> rehearsed() {
    if (loaded == null) {
      return Optional.empty();
    }
    Lease lease = acquire();
    ModelVersion copy = new ModelVersion(model, version);
    copy.publish(lease.target().rehearsed(copy.listener(), lease::close));
    return Optional.of(copy);
  }

  /** Makes a model that was loaded available. A version is published once, before it is retired. */
  synchronized void publish(LoadedModel ready) {
    loaded = ready;
    state = new ModelState.Ready();
    notifyAll();
  }

  synchronized void fail(String reason) {
    state = new ModelState.Unavailable(reason);
    notifyAll();
  }

  /**
   * Takes no more requests and waits until those under way are done, then frees the model. When
   * patience ends before, the last lease that ends does that, however late.
   *
   * @param patience how long to wait, in milliseconds
   * @return whether the model has been freed
   */
  synchronized boolean retire(long patience) {
    if (loaded != null) {
      retired = loaded;
      loaded = null;
    }
    state = new ModelState.Unavailable("retired");
    long end = System.nanoTime() + patience * 1_000_000;
    waiters++;
    try {
      while (leases > 0) {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          return false;
        }
        wait(left);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      waiters--;
      releaseIfUnused();
    }
  }

  /** Has requests that wait for their turn on a retired model refused. */
  synchronized void refuseThoseThatWait() {
    LoadedModel unpublished = retired;
    if (unpublished != null) {
      unpublished.batcher().stop();
    }
  }

  private void releaseIfUnused() {
    LoadedModel unused = retired;
    if (leases == 0 && unused != null) {
      retired = null;
      unused.release().run();
    }
  }

  private synchronized void end() {
    leases--;
    if (waiters > 0) {
      notifyAll();
    } else {
      releaseIfUnused();
    }
  }

  /** The right to use one version of a model. Close it when the last byte of the reply is out. */
  public final class Lease implements AutoCloseable {
    private final LoadedModel target;
    private boolean closed;

    private Lease(LoadedModel target) {
      this.target = target;
    }

    public LoadedModel target() {
      return target;
    }

    /** Another lease on the same, whatever has become of the version; this one has to be open. */
    public Lease another() {
      synchronized (ModelVersion.this) {
        leases++;
      }
      return new Lease(target);
    }

    public String model() {
      return model;
    }

    public long version() {
      return version;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        end();
      }
    }
  }
}
