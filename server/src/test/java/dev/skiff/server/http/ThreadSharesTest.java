package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.skiff.server.batching.BatchPolicy;
import dev.skiff.server.batching.Batcher;
import dev.skiff.server.http.ThreadShares.Place;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.TensorPool;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ThreadSharesTest {
  private final ThreadShares shares = new ThreadShares(200);
  private final List<Place> places = new ArrayList<>();

  @Test
  void oneModelGetsTwoThirds() {
    Batcher model = model();
    assertThat(takeAll(model)).isEqualTo(134);
    InferenceException full =
        catchThrowableOfType(InferenceException.class, () -> shares.take(model));
    assertThat(full.code()).isEqualTo(ErrorCode.OVERLOADED);
    assertThat(full.reason())
        .isEqualTo("the model's requests hold 134 of 200 threads, and others need the rest");
  }

  @Test
  void whatIsGivenBackCanBeTakenAgain() {
    Batcher model = model();
    int all = takeAll(model);
    places.forEach(Place::close);
    assertThat(takeAll(model)).isEqualTo(all);
  }

  @Test
  void thoseOnTheirWayHaveThePlacesInTheQueue() {
    Batcher model = model(3);
    assertThat(takeAll(model)).isEqualTo(1 + 3);
    InferenceException full =
        catchThrowableOfType(InferenceException.class, () -> shares.take(model));
    assertThat(full.reason()).isEqualTo("the model's queue is full: 3 requests wait");
    places.getFirst().arrive();
    assertThat(takeAll(model)).isEqualTo(1);
    places.getFirst().close();
    assertThat(take(model)).isFalse();
    places.getLast().close();
    assertThat(takeAll(model)).isEqualTo(1);
  }

  @Test
  void twoModelsInTurnGetTheSame() {
    Batcher one = model();
    Batcher other = model();
    int taken = 0;
    while (take(one) && take(other)) {
      taken++;
    }
    assertThat(taken).isEqualTo(80);
  }

  @Test
  void thereIsSomethingLeftForTheNext() {
    for (int i = 0; i < 4; i++) {
      assertThat(takeAll(model())).isPositive();
    }
  }

  private int takeAll(Batcher model) {
    int taken = 0;
    while (take(model)) {
      taken++;
    }
    return taken;
  }

  private boolean take(Batcher model) {
    try {
      places.add(shares.take(model));
      return true;
    } catch (InferenceException e) {
      return false;
    }
  }

  private static Batcher model() {
    return model(1000);
  }

  private static Batcher model(int queueLimit) {
    return new Batcher(
        request -> new InferenceResponse(new LinkedHashMap<>(), 0, 0),
        new TensorPool(0),
        (rows, join, run, split) -> {},
        BatchPolicy.ALONE,
        Optional.empty(),
        new Batcher.Limits(1, queueLimit, 1, 1));
  }
}
