package dev.skiff.server.model;

import java.util.OptionalInt;

/**
 * How many runs of one model go on at a time, and how many threads each of them uses. While a model
 * runs, as many native threads can be at work as there are runs, and the session's own {@code
 * intraOpThreads - 1}, which all runs share. Chosen so that these are never more than CPUs, unless
 * the configuration wants it.
 */
record Concurrency(int runs, int intraOpThreads) {

  /**
   * Chooses what the configuration leaves open. With nothing given, a cheap model has a run for
   * every CPU, each on one thread; a costly one has a single run on all CPUs, so that a lone
   * request is answered soonest.
   *
   * @param cpus those that the process may use, as the JVM reads them from the cgroup
   */
  static Concurrency choose(OptionalInt runs, OptionalInt threads, int cpus, boolean costly) {
    int otherRuns = Math.max(1, cpus - threads.orElse(costly ? cpus : 1) + 1);
    int chosenRuns = runs.orElse(otherRuns);
    int otherThreads = Math.max(1, cpus - chosenRuns + 1);
    return new Concurrency(chosenRuns, threads.orElse(otherThreads));
  }

  /**
   * The same for a GPU: one run at a time, so that requests that come meanwhile join into a batch,
   * and one thread for the nodes left on the CPU.
   */
  static Concurrency onAccelerator(OptionalInt runs, OptionalInt threads) {
    return new Concurrency(runs.orElse(1), threads.orElse(1));
  }
}
