package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.config.AccessConfig;
import dev.skiff.server.config.HttpConfig;
import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfigs;
import dev.skiff.server.config.TlsConfig;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelVersion;
import dev.skiff.server.runtime.OnnxRuntime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(240)
class RehearsalIT {
  private final Metrics metrics = new Metrics();
  private final AtomicLong runs = new AtomicLong();
  private final AtomicLong rehearsed = new AtomicLong();

  @AfterEach
  void close() {
    metrics.close();
  }

  @Test
  void countsNowhere() {
    ModelRepository repository = load(TestServer.MODELS);
    Rehearsal rehearsal = rehearsal(repository, Duration.ofMinutes(5));
    rehearsal.start();
    until(() -> rehearsal.sent() > 100);
    rehearsal.close();
    assertThat(metrics.scrape()).doesNotContain("skiff_request_", "skiff_run_");
    assertThat(runs).hasValue(0);
    assertThat(rehearsed).hasPositiveValue();
    assertThat(repository.close(0)).as("no lease is left").isTrue();
  }

  @Test
  void sendsNothingWhileAClientIsServed() {
    ModelRepository repository = load(TestServer.MODELS);
    metrics.begin();
    Rehearsal rehearsal = rehearsal(repository, Duration.ofMillis(300));
    rehearsal.start();
    until(() -> !rehearsal.isRunning());
    assertThat(rehearsal.sent()).isZero();
    assertThat(repository.close(0)).isTrue();
  }

  @Test
  void goesOnAfterAPrediction() {
    ModelRepository repository = load(TestServer.MODELS);
    metrics.model("digits", 1).success(1, 1, 1, 1, 1, 1, 1);
    assertThat(metrics.isQuiet(60_000)).isFalse();
    Rehearsal rehearsal = rehearsal(repository, Duration.ofMinutes(5));
    rehearsal.start();
    until(() -> rehearsal.sent() > 100);
    rehearsal.close();
    assertThat(repository.close(0)).isTrue();
  }

  @Test
  void endsInTimeOrWhenTheServerDoes() {
    ModelRepository repository = load(TestServer.MODELS);
    Rehearsal brief = rehearsal(repository, Duration.ofMillis(50));
    brief.start();
    until(() -> !brief.isRunning());

    Rehearsal endless = rehearsal(repository, Duration.ofMinutes(5));
    endless.start();
    until(() -> endless.sent() > 0);
    endless.close();
    assertThat(endless.isRunning()).isFalse();
    assertThat(repository.close(0)).isTrue();
  }

  /** Among them models that are slow, or take what cannot be made up. */
  @Test
  void leavesOutWhatIsNotAnsweredWell() {
    ModelRepository repository = load(TestServer.FIXTURES);
    Rehearsal rehearsal = rehearsal(repository, Duration.ofMinutes(5));
    rehearsal.start();
    until(() -> rehearsal.sent() > 500);
    rehearsal.close();
    assertThat(repository.close(0)).isTrue();
  }

  /** In TLS, and in plain where it would need a certificate. */
  @Test
  void goesOnUnderTls(@TempDir Path folder) throws Exception {
    Authority authority = new Authority(folder.resolve("authority"));
    authority.signServer("server", "EC");
    Path certificate = authority.together("server");
    for (Optional<Path> clients : List.of(Optional.<Path>empty(), Optional.of(certificate))) {
      ModelRepository repository = load(TestServer.MODELS);
      Optional<TlsConfig> tls = Optional.of(new TlsConfig(certificate, certificate, clients));
      assertThat(access(tls).rehearsing() instanceof SSLSocketFactory).isEqualTo(clients.isEmpty());
      Rehearsal rehearsal = rehearsal(tls, repository, Duration.ofMinutes(5));
      rehearsal.start();
      until(() -> rehearsal.sent() > 100);
      rehearsal.close();
      assertThat(repository.close(0)).isTrue();
    }
  }

  @Test
  void canBeTurnedOff() {
    ModelRepository repository = load(TestServer.MODELS);
    Rehearsal off = rehearsal(repository, Duration.ZERO);
    off.start();
    assertThat(off.isRunning()).isFalse();
    off.close();
    repository.close(0);
  }

  private Rehearsal rehearsal(ModelRepository repository, Duration time) {
    return rehearsal(Optional.empty(), repository, time);
  }

  private Rehearsal rehearsal(Optional<TlsConfig> tls, ModelRepository repository, Duration time) {
    Duration timeout = Duration.ofSeconds(10);
    HttpConfig config =
        new HttpConfig(
            "127.0.0.1", 0, 1 << 20, timeout, timeout, 8, 100, true, time, Duration.ZERO);
    return new Rehearsal(config, access(tls), repository, metrics, this::count);
  }

  private static Access access(Optional<TlsConfig> tls) {
    return Access.open(
        new AccessConfig(Optional.empty(), Optional.empty(), tls, AccessConfig.ModelControl.NONE));
  }

  private ModelRepository load(Path folder) {
    ModelRepository repository =
        ModelRepository.scan(
            new RepositoryConfig(folder, Optional.empty()), RuntimeConfigs.of(1, 1, 1));
    for (ModelVersion version : repository.all()) {
      version.listen((rows, join, run, split) -> runs.incrementAndGet());
    }
    repository.load(OnnxRuntime::load).join();
    return repository;
  }

  private void count(ModelVersion version, Metrics uncounted) {
    version.listen((rows, join, run, split) -> rehearsed.incrementAndGet());
    assertThat(uncounted).isNotSameAs(metrics);
  }

  private static void until(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      assertThat(Thread.currentThread().isInterrupted()).as("out of time").isFalse();
      Thread.onSpinWait();
    }
  }
}
