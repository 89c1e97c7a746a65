package dev.skiff.bench;

/**
 * Decides when the next request goes out: a pure function of the time elapsed and the number of
 * requests sent, in the manner of vegeta. All times are nanoseconds since the pacer's own start.
 * Immutable; any thread may call it.
 */
sealed interface Pacer {

  /** How long to wait before the next request; 0 when it is due. */
  long waitNanos(long elapsedNanos, long sent);

  /**
   * The planned time of the next request, from which its latency counts. In an open loop it lies in
   * the past when the request had to wait for a free connection: counting from it, as wrk2 does,
   * keeps that wait in the latency.
   */
  long dueNanos(long elapsedNanos, long sent);

  /** How many requests were planned before the given time and have not been sent. */
  long backlog(long elapsedNanos, long sent);

  /** The closed loop: a connection sends its next request when the reply to the last one came. */
  record OnReply() implements Pacer {
    @Override
    public long waitNanos(long elapsedNanos, long sent) {
      return 0;
    }

    @Override
    public long dueNanos(long elapsedNanos, long sent) {
      return elapsedNanos;
    }

    @Override
    public long backlog(long elapsedNanos, long sent) {
      return 0;
    }
  }

  /**
   * The open loop: request {@code n} is planned at {@code offsetNanos + n / requestsPerSecond},
   * whatever became of the requests before it.
   */
  record Constant(double requestsPerSecond, long offsetNanos) implements Pacer {
    private static final double NANOS_PER_SECOND = 1e9;

    @Override
    public long waitNanos(long elapsedNanos, long sent) {
      return Math.max(0, planned(sent) - elapsedNanos);
    }

    @Override
    public long dueNanos(long elapsedNanos, long sent) {
      return planned(sent);
    }

    @Override
    public long backlog(long elapsedNanos, long sent) {
      double sinceFirst = Math.max(0, elapsedNanos - offsetNanos);
      long planned = (long) (sinceFirst * requestsPerSecond / NANOS_PER_SECOND);
      // The product is rounded, so it may be one off either way.
      while (planned > 0 && planned(planned - 1) >= elapsedNanos) {
        planned--;
      }
      while (planned(planned) < elapsedNanos) {
        planned++;
      }
      return Math.max(0, planned - sent);
    }

    private long planned(long index) {
      return offsetNanos + Math.round(index * NANOS_PER_SECOND / requestsPerSecond);
    }
  }
}
