package dev.skiff.server.config;

import java.util.OptionalInt;

/** Hand-made configurations, for tests of other packages too. */
public final class RuntimeConfigs {
  private RuntimeConfigs() {}

  /** These, and the defaults. */
  public static RuntimeConfig of(int intraOpThreads, int concurrency, int queueLimit) {
    return new RuntimeConfig(
        OptionalInt.of(intraOpThreads),
        OptionalInt.of(concurrency),
        queueLimit,
        1 << 20,
        BatchingConfig.of(BatchingConfig.Mode.AUTO));
  }
}
