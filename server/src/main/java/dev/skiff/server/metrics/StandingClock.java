package dev.skiff.server.metrics;

import io.micrometer.core.instrument.Clock;

/**
 * A clock whose time of day stands still until it is set. Micrometer reads it twice for every value
 * that it records, ten times for a prediction, to see whether its window has moved on. Thread-safe.
 */
final class StandingClock implements Clock {
  private volatile long millis = System.currentTimeMillis();

  /** Sets it, and says what it shows then. */
  long set() {
    long now = System.currentTimeMillis();
    millis = now;
    return now;
  }

  @Override
  public long wallTime() {
    return millis;
  }

  @Override
  public long monotonicTime() {
    return System.nanoTime();
  }
}
