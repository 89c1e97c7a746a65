package dev.skiff.server.http;

/** Where a server is between its start and its end, whatever its models do. */
public enum Phase {
  /** It warms itself, and is not ready yet. */
  WARMING,
  SERVING,
  /** It is about to end, and not ready any more. */
  DRAINING
}
