package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.config.RepositoryConfig;
import dev.skiff.server.config.RuntimeConfigs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A request that finds a model just before another takes its place gets a lease all the same. */
@Timeout(240)
class ReplacedModelRaceTest {
  private static final int THREADS = 3;
  private static final int REPLACED = 200;

  private final AtomicInteger releases = new AtomicInteger();
  private final ModelRepository repository;
  private volatile boolean over;

  ReplacedModelRaceTest(@TempDir Path folder) {
    repository =
        ModelRepository.scan(
            new RepositoryConfig(folder, Optional.empty()), RuntimeConfigs.of(1, 1, 1));
  }

  @RepeatedTest(10)
  void noRequestIsRefused() throws Exception {
    repository.put("iris", model(1));
    CountDownLatch warm = new CountDownLatch(THREADS);
    List<FutureTask<Integer>> clients = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      FutureTask<Integer> client = new FutureTask<>(() -> keepAsking(warm));
      Thread.ofPlatform().daemon().start(client);
      clients.add(client);
    }
    warm.await();
    for (int number = 2; number <= REPLACED; number++) {
      for (ModelVersion old :
          repository.put("iris", model(number)).orElseThrow().versions().values()) {
        assertThat(old.retire(15_000)).isTrue();
      }
    }
    over = true;
    for (FutureTask<Integer> client : clients) {
      assertThat(client.get()).as("leases; each was refused none").isPositive();
    }
    assertThat(releases).as("those that were replaced").hasValue(REPLACED - 1);
  }

  private int keepAsking(CountDownLatch warm) {
    int leases = 0;
    while (!over) {
      repository.acquire(Optional.empty(), OptionalLong.empty()).close();
      leases++;
      if (leases == 1) {
        warm.countDown();
      }
    }
    return leases;
  }

  private ServedModel model(long number) {
    ModelVersion version = new ModelVersion("iris", number);
    version.publish(Models.loaded(releases::incrementAndGet));
    TreeMap<Long, ModelVersion> versions = new TreeMap<>();
    versions.put(number, version);
    return new ServedModel(false, versions);
  }
}
