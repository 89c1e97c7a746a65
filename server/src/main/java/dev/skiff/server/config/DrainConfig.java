package dev.skiff.server.config;

import java.time.Duration;

/**
 * How the server ends.
 *
 * @param delay how long it goes on serving while it says that it is not ready any more, so that
 *     load balancers see it
 * @param timeout how long requests under way may take to finish after that
 */
public record DrainConfig(Duration delay, Duration timeout) {}
