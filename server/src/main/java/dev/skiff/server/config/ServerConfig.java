package dev.skiff.server.config;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/** Everything that the server was told. */
public record ServerConfig(
    HttpConfig http,
    AccessConfig access,
    RepositoryConfig repository,
    RuntimeConfig runtime,
    DrainConfig drain,
    LogConfig log) {

  /**
   * Reads the settings.
   *
   * @throws ConfigException for the first one that is wrong
   */
  static ServerConfig of(Function<Key, Setting> settings) {
    String defaultModel = settings.apply(Keys.DEFAULT_MODEL).text();
    return new ServerConfig(
        new HttpConfig(
            settings.apply(Keys.HOST).text(),
            settings.apply(Keys.PORT).count(0, Setting.MAX_PORT),
            settings.apply(Keys.MAX_REQUEST_BYTES).bytes(),
            settings.apply(Keys.REQUEST_TIMEOUT).duration(),
            settings.apply(Keys.IDLE_TIMEOUT).duration(),
            settings.apply(Keys.HTTP_THREADS).count(8, 10_000),
            settings.apply(Keys.MAX_CONNECTIONS).count(1, 1_000_000),
            settings.apply(Keys.FAST_LANE).flag(),
            settings.apply(Keys.REHEARSAL).duration(),
            settings.apply(Keys.READY_DELAY).duration()),
        AccessConfig.of(settings),
        new RepositoryConfig(
            Path.of(settings.apply(Keys.MODELS).text()),
            Optional.of(defaultModel).filter(name -> !name.isEmpty())),
        new RuntimeConfig(
            settings.apply(Keys.INTRA_OP_THREADS).countOrAuto(),
            settings.apply(Keys.CONCURRENCY).countOrAuto(),
            settings.apply(Keys.QUEUE_LIMIT).count(0, 1_000_000),
            settings.apply(Keys.QUEUE_BYTES).bytes(),
            BatchingConfig.of(settings.apply(Keys.BATCHING).choice(BatchingConfig.Mode.class)),
            new ProviderConfig(
                settings.apply(Keys.PROVIDER).choice(ProviderConfig.Choice.class),
                settings.apply(Keys.GPU_DEVICE).count(0, ProviderConfig.MAX_DEVICE),
                settings.apply(Keys.GPU_MEMORY_LIMIT).bytesOrNone(),
                settings.apply(Keys.REQUIRE_FULL_GPU).flag(),
                settings.apply(Keys.CUDA_OPTIONS).cudaOptions())),
        new DrainConfig(
            settings.apply(Keys.DRAIN_DELAY).duration(),
            settings.apply(Keys.DRAIN_TIMEOUT).duration()),
        new LogConfig(
            settings.apply(Keys.LOG_FORMAT).choice(LogConfig.Format.class),
            settings.apply(Keys.LOG_LEVEL).choice(LogConfig.Level.class),
            settings.apply(Keys.ACCESS_LOG).flag()));
  }
}
