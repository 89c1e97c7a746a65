package dev.skiff.server.model;

/** What one version of a model is doing. */
public sealed interface ModelState {

  /** The word for it in replies and metrics. */
  String label();

  /** On its way: being read, optimised and warmed. */
  record Loading() implements ModelState {
    @Override
    public String label() {
      return "loading";
    }
  }

  /** Answers requests. */
  record Ready() implements ModelState {
    @Override
    public String label() {
      return "ready";
    }
  }

  /**
   * Cannot be served.
   *
   * @param reason why, without any path
   */
  record Unavailable(String reason) implements ModelState {
    @Override
    public String label() {
      return "unavailable";
    }
  }
}
