package dev.skiff.bench;

import java.time.Instant;
import java.util.List;

/**
 * The outcome of a load test.
 *
 * @param start when the window began
 * @param warmUpRequestsPerSecond successes of each whole second before it
 * @param warmUpStable whether the last three of these agree
 * @param tally what was seen in the window
 */
record Measurement(
    Instant start, List<Long> warmUpRequestsPerSecond, boolean warmUpStable, Tally tally) {}
