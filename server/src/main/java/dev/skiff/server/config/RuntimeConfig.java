package dev.skiff.server.config;

/**
 * How a model is run, unless its own {@code model.json} says otherwise.
 *
 * @param intraOpThreads threads that share the work of one operator
 * @param concurrency runs at a time
 * @param queueLimit requests that may wait
 */
public record RuntimeConfig(int intraOpThreads, int concurrency, int queueLimit) {}
