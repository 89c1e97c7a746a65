package dev.skiff.server.http;

/**
 * Ends the work on a request that would have to wait, when its thread has others to serve. Nothing
 * has been answered then: the door that the request came through brings it again, from the
 * beginning, when and where it can go on.
 */
final class Postponed extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The only one: it says nothing of the request, and being thrown often it must cost little. */
  @SuppressWarnings("StaticAssignmentOfThrowable") // it has no trace that could be another's
  static final Postponed INSTANCE = new Postponed();

  private Postponed() {
    super(null, null, false, false);
  }
}
