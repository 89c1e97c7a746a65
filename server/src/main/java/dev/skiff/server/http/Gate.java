package dev.skiff.server.http;

/** Decides whose requests are answered. Thread-safe. */
@FunctionalInterface
interface Gate {
  /** Admits everybody. */
  Gate OPEN = exchange -> true;

  /** Whether the request may be answered, by its head alone. */
  boolean admits(Exchange exchange);
}
