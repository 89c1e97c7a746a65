package dev.skiff.bench;

/** What a step of a {@link Connection} led to. */
enum ConnectionEvent {
  NOTHING,
  /** The connection is open and free. */
  OPENED,
  /** The reply is complete. */
  ANSWERED,
  /** The server closed a connection that carried no request, as it may at any time. */
  LOST,
  CONNECT_FAILED,
  /** The connection ended before the reply did. */
  CLOSED,
  /** The reply is not HTTP/1.1, or more came than the reply. */
  MALFORMED,
  TIMED_OUT
}
