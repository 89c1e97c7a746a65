package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.model.ModelVersion.Lease;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(240)
class ModelVersionTest {
  private static final long PATIENT = 15_000;

  private final AtomicInteger releases = new AtomicInteger();
  private final ModelVersion version = new ModelVersion("iris", 3);

  @Test
  @BadInput(69)
  void isLoadingAtFirst() {
    assertThat(version.state()).isEqualTo(new ModelState.Loading());
    assertThat(version.model()).isEqualTo("iris");
    assertThat(version.version()).isEqualTo(3);
    assertThat(version.waiting()).isZero();
    refuses("model 'iris' version 3 is loading");
  }

  @Test
  void saysWhyItIsUnavailable() {
    version.fail("labels.txt cannot be read");
    assertThat(version.state()).isEqualTo(new ModelState.Unavailable("labels.txt cannot be read"));
    refuses("model 'iris' version 3 is unavailable: labels.txt cannot be read");
  }

  @Test
  void givesLeasesOnceItIsReady() {
    LoadedModel model = publish();
    assertThat(version.state()).isEqualTo(new ModelState.Ready());
    try (Lease first = version.acquire();
        Lease second = version.acquire()) {
      assertThat(first.target()).isSameAs(model);
      assertThat(second.target()).isSameAs(model);
      assertThat(first.model()).isEqualTo("iris");
      assertThat(first.version()).isEqualTo(3);
    }
    assertThat(releases).hasValue(0);
  }

  @Test
  void isReleasedAtOnceWhenNobodyHoldsALease() {
    publish();
    version.acquire().close();
    assertThat(version.retire(0)).isTrue();
    assertThat(releases).hasValue(1);
    assertThat(version.state()).isEqualTo(new ModelState.Unavailable("retired"));
    refuses("model 'iris' version 3 is unavailable: retired");
  }

  @Test
  void retiringWaitsForTheOpenLease() throws Exception {
    publish();
    Lease lease = version.acquire();
    FutureTask<Boolean> retiring = new FutureTask<>(() -> version.retire(PATIENT));
    Thread.ofPlatform().daemon().start(retiring);
    // The state changes under the lock that is given up by waiting: once seen, retire waits.
    while (!version.state().equals(new ModelState.Unavailable("retired"))) {
      assertThat(Thread.currentThread().isInterrupted()).as("out of time").isFalse();
      Thread.onSpinWait();
    }
    refuses("model 'iris' version 3 is unavailable: retired");
    assertThat(retiring.isDone()).isFalse();
    assertThat(releases).hasValue(0);

    lease.close();
    assertThat(retiring.get()).isTrue();
    assertThat(releases).hasValue(1);
  }

  @Test
  void retiringOutOfPatienceLeavesTheReleaseToTheLastLease() {
    publish();
    Lease lease = version.acquire();
    assertThat(version.retire(0)).isFalse();
    assertThat(version.retire(5)).isFalse();
    assertThat(releases).hasValue(0);
    lease.close();
    assertThat(releases).hasValue(1);
    assertThat(version.retire(0)).isTrue();
    assertThat(releases).hasValue(1);
  }

  @Test
  void whoWaitsForTheLastLeaseFreesTheModel() throws Exception {
    AtomicReference<Thread> releasing = new AtomicReference<>();
    version.publish(Models.loaded(() -> releasing.set(Thread.currentThread())));
    Lease lease = version.acquire();
    FutureTask<Boolean> retiring = new FutureTask<>(() -> version.retire(PATIENT));
    Thread thread = Thread.ofPlatform().daemon().start(retiring);
    while (!version.state().equals(new ModelState.Unavailable("retired"))) {
      Thread.onSpinWait();
    }
    lease.close();
    assertThat(retiring.get()).isTrue();
    assertThat(releasing).hasValue(thread);
  }

  @Test
  void thoseThatWaitOnARetiredModelCanBeRefused() {
    publish();
    try (Lease lease = version.acquire();
        InferenceRequest request =
            new InferenceRequest(Map.of(), List.of(), Deadline.after(Duration.ofDays(1)))) {
      version.retire(0);
      version.refuseThoseThatWait();
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> lease.target().batcher().run(request))
          .returns(ErrorCode.NOT_READY, InferenceException::code);
    }
  }

  @Test
  void closingALeaseTwiceEndsItOnce() {
    publish();
    Lease first = version.acquire();
    Lease second = version.acquire();
    first.close();
    first.close();
    assertThat(version.retire(0)).as("the second lease is open").isFalse();
    assertThat(releases).hasValue(0);
    second.close();
    assertThat(releases).hasValue(1);
  }

  @Test
  void retiringWhatWasNeverLoadedReleasesNothing() {
    version.fail("no model");
    assertThat(version.retire(0)).isTrue();
    assertThat(releases).hasValue(0);
  }

  @Test
  void anInterruptedRetireGivesUp() throws Exception {
    publish();
    try (Lease lease = version.acquire()) {
      FutureTask<Boolean> retiring = new FutureTask<>(() -> version.retire(PATIENT));
      Thread thread = Thread.ofPlatform().daemon().start(retiring);
      thread.interrupt();
      assertThat(retiring.get()).isFalse();
      assertThat(lease.target()).isNotNull();
      assertThat(releases).hasValue(0);
    }
    assertThat(releases).hasValue(1);
  }

  private LoadedModel publish() {
    LoadedModel model = Models.loaded(releases::incrementAndGet);
    version.publish(model);
    return model;
  }

  private void refuses(String message) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(version::acquire)
        .returns(ErrorCode.NOT_READY, InferenceException::code)
        .withMessage(message);
  }
}
