package dev.skiff.server.batching;

/** Is told of each run of a model that succeeded. Called on the thread that ran it; thread-safe. */
@FunctionalInterface
public interface RunListener {

  /**
   * A run has ended.
   *
   * @param rows the rows that it had: the outermost dimension of its inputs, 1 without one
   * @param joinNanos how long it took to put its requests together; 0 for one alone
   * @param runNanos how long the model ran
   * @param splitNanos how long it took to cut the answer; 0 for one alone
   */
  void ran(long rows, long joinNanos, long runNanos, long splitNanos);
}
