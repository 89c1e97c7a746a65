package dev.skiff.server.config;

import java.util.Collections;
import java.util.OptionalInt;
import java.util.OptionalLong;

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
        BatchingConfig.of(BatchingConfig.Mode.AUTO),
        provider(ProviderConfig.Choice.AUTO));
  }

  /** This provider, on the first GPU, without limit or options. */
  public static ProviderConfig provider(ProviderConfig.Choice choice) {
    return new ProviderConfig(choice, 0, OptionalLong.empty(), false, Collections.emptySortedMap());
  }
}
