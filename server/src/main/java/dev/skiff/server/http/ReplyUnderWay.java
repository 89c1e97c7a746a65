package dev.skiff.server.http;

/**
 * Whether a connection's reply is on its way. The next request is read when it is out. Thread-safe.
 */
final class ReplyUnderWay {
  private final Runnable next;
  private boolean isWriting;
  private boolean waits;

  /**
   * Of a connection that has answered nothing.
   *
   * @param next has the next request read; called when one has waited and a reply is out
   */
  ReplyUnderWay(Runnable next) {
    this.next = next;
  }

  /** A reply will come. */
  synchronized void begin() {
    isWriting = true;
  }

  /** The reply is out. */
  void end() {
    synchronized (this) {
      isWriting = false;
      if (!waits) {
        return;
      }
      waits = false;
    }
    next.run();
  }

  /** Whether the next request has to wait; it is read later, then. */
  synchronized boolean waits() {
    waits = isWriting;
    return waits;
  }
}
