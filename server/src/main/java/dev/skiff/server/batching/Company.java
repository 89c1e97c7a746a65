package dev.skiff.server.batching;

import dev.skiff.server.inference.InferenceRequest;
import java.util.ArrayList;
import java.util.List;

/** Requests to one model that came at the same time and can run as one. Used by one thread. */
public final class Company {
  private final Batcher batcher;
  private final List<InferenceRequest> members = new ArrayList<>();
  private long rows;

  Company(Batcher batcher) {
    this.batcher = batcher;
  }

  /**
   * Takes one more.
   *
   * @param asked the batcher of its model
   * @return false if it cannot run with these
   */
  public boolean add(Batcher asked, InferenceRequest request) {
    long more = Batch.rows(request);
    if (asked != batcher
        || isFull()
        || !batcher.mayJoin(rows + more, more)
        || (!members.isEmpty() && !Batch.fit(members.getFirst(), request))) {
      return false;
    }
    members.add(request);
    rows += more;
    return true;
  }

  /** Whether it takes no more: it has as many rows as a batch may have, or a preferred number. */
  public boolean isFull() {
    return batcher.isFull(rows);
  }

  /**
   * Runs them. Never waits for a turn.
   *
   * @return what became of each, in their order; nothing if others run or wait, or a request came
   *     too late: then nothing was done
   */
  public List<Outcome> tryRun() {
    return batcher.tryRun(members);
  }
}
