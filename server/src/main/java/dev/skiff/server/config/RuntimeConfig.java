package dev.skiff.server.config;

import java.util.OptionalInt;

/**
 * How a model is run, unless its own {@code model.json} says otherwise.
 *
 * @param intraOpThreads threads that share the work of one operator, if that is not left open
 * @param concurrency runs at a time, if that is not left open
 * @param queueLimit requests that may wait
 * @param queueBytes bytes that they may have
 * @param batching how requests are joined
 * @param provider what it runs on
 */
public record RuntimeConfig(
    OptionalInt intraOpThreads,
    OptionalInt concurrency,
    int queueLimit,
    long queueBytes,
    BatchingConfig batching,
    ProviderConfig provider) {}
