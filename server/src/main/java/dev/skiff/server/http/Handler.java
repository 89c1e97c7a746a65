package dev.skiff.server.http;

import java.io.IOException;

/** Answers the requests of one resource. Thread-safe. */
@FunctionalInterface
interface Handler {

  /**
   * Answers one request.
   *
   * @throws dev.skiff.server.inference.InferenceException for an answer that is an error
   * @throws IOException if the client went away
   */
  void handle(Exchange exchange) throws IOException;

  /** Whether it answers only those that the {@link Gate} admits. */
  default boolean isGuarded() {
    return true;
  }
}
