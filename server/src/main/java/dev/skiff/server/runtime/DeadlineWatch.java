package dev.skiff.server.runtime;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.RunOptions;
import dev.skiff.server.inference.Deadline;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells runs to end when their deadlines pass. ONNX Runtime looks whether it was told so before
 * each node, those inside loops too; a single node cannot be left. One thread looks after all runs,
 * once a second and at the first of their deadlines; it ends, and frees all native memory, in a
 * second without any run. So a run that ends in time costs two entries into a monitor, and wakes
 * nobody. Thread-safe.
 */
final class DeadlineWatch {
  private static final Logger log = LoggerFactory.getLogger(DeadlineWatch.class);
  private static final long ROUND_NANOS = 1_000_000_000;

  // The monitor guards all that follows, and the options' native memory.
  private final List<Run> running = new ArrayList<>();
  private final ArrayDeque<Run> idle = new ArrayDeque<>();
  private boolean watched;
  private boolean used;
  private long next;

  /** A run under way. */
  final class Run implements AutoCloseable {
    /** Kept for other runs: to make and free them takes longer than all else here. */
    private final RunOptions options = new RunOptions();

    private long deadline;
    private volatile boolean toldToEnd;

    private Run() throws OrtException {}

    /** To run with. */
    RunOptions options() {
      return options;
    }

    /** Whether its deadline passed before it ended. */
    boolean isToldToEnd() {
      return toldToEnd;
    }

    private void tellToEnd() {
      toldToEnd = true;
      try {
        options.setTerminate(true);
      } catch (OrtException e) {
        log.warn("a run could not be told to end", e);
      }
    }

    /** The run has ended. */
    @Override
    public void close() {
      synchronized (DeadlineWatch.this) {
        running.remove(this);
        if (toldToEnd) {
          options.close();
        } else {
          idle.push(this);
        }
      }
    }
  }

  /** A run that begins. The caller closes it when it has ended. */
  synchronized Run begin(Deadline deadline) throws OrtException {
    Run run = idle.isEmpty() ? new Run() : idle.pop();
    run.deadline = deadline.nanoTime();
    running.add(run);
    used = true;
    if (!watched) {
      watched = true;
      Thread.ofPlatform().name("skiff-deadlines").daemon().start(this::watch);
    } else if (run.deadline - next < 0) {
      next = run.deadline;
      notifyAll();
    }
    return run;
  }

  private synchronized void watch() {
    while (used || !running.isEmpty()) {
      used = false;
      next = System.nanoTime() + ROUND_NANOS;
      for (Run run : running) {
        if (!run.toldToEnd && run.deadline - System.nanoTime() <= 0) {
          run.tellToEnd();
        } else if (!run.toldToEnd && run.deadline - next < 0) {
          next = run.deadline;
        }
      }
      await();
    }
    watched = false;
    idle.forEach(run -> run.options.close());
    idle.clear();
  }

  private void await() {
    try {
      for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this thread", e);
    }
  }
}
