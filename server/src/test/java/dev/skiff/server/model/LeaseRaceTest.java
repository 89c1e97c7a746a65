package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.model.ModelVersion.Lease;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/** Closing a native session under a running call ends the process: this must never happen. */
@Timeout(240)
class LeaseRaceTest {
  private static final int THREADS = 4;
  private static final int WARM = 50;

  private final AtomicInteger releases = new AtomicInteger();
  private final ModelVersion version = new ModelVersion("iris", 1);

  @RepeatedTest(50)
  void isNeverReleasedUnderAnOpenLease() throws Exception {
    version.publish(Models.loaded(releases::incrementAndGet));
    CountDownLatch warm = new CountDownLatch(THREADS * WARM);
    List<FutureTask<Integer>> clients = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      FutureTask<Integer> client = new FutureTask<>(() -> useUntilRetired(warm));
      Thread.ofPlatform().daemon().start(client);
      clients.add(client);
    }
    warm.await();
    assertThat(version.retire(15_000)).isTrue();
    assertThat(releases).hasValue(1);
    for (FutureTask<Integer> client : clients) {
      assertThat(client.get()).as("leases that saw the model released").isZero();
    }
    assertThat(releases).hasValue(1);
  }

  private int useUntilRetired(CountDownLatch warm) {
    int broken = 0;
    while (true) {
      try (Lease lease = version.acquire()) {
        warm.countDown();
        for (int i = 0; i < 20; i++) {
          Thread.onSpinWait();
        }
        broken += releases.get() == 0 && lease.version() == 1 ? 0 : 1;
      } catch (InferenceException e) {
        return broken;
      }
    }
  }
}
