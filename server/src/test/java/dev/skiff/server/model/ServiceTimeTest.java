package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServiceTimeTest {
  private static final long QUICK = ServiceTime.QUICK_NANOS;
  private static final InferenceRequest ROW = rows(1);

  @Test
  void beginsWithWhatTheWarmUpMeasured() {
    assertThat(ServiceTime.measured(ROW, QUICK).isQuick(ROW)).isTrue();
    assertThat(ServiceTime.measured(ROW, QUICK).nanos()).isEqualTo(QUICK);
    assertThat(ServiceTime.measured(ROW, QUICK + 1).isQuick(ROW)).isFalse();
    assertThat(ServiceTime.measured(ROW, QUICK + 1).isQuick()).isFalse();
  }

  @Test
  void takesLargerRequestsToLastLonger() {
    ServiceTime time = ServiceTime.measured(ROW, QUICK / 10);
    assertThat(time.isQuick(rows(10))).isTrue();
    assertThat(time.isQuick(rows(11))).isFalse();
    assertThat(ServiceTime.measured(rows(4), QUICK).isQuick(rows(1))).as("not shorter").isTrue();
    assertThat(ServiceTime.measured(rows(4), QUICK + 1).isQuick(rows(1))).isFalse();
  }

  @Test
  void learnsThatLargerRequestsLastNoLonger() {
    ServiceTime time = ServiceTime.measured(ROW, QUICK / 10);
    for (int i = 0; i < 50; i++) {
      time.learn(rows(100), QUICK / 10);
    }
    assertThat(time.isQuick(rows(100))).isTrue();
  }

  @Test
  void oneRequestThatWasHeldUpSaysLittle() {
    ServiceTime time = ServiceTime.measured(ROW, QUICK / 10);
    time.learn(ROW, 1_000 * QUICK);
    assertThat(time.isQuick()).isTrue();
  }

  @Test
  void slowModelsMayBecomeSlower() {
    ServiceTime time = ServiceTime.measured(ROW, 100 * QUICK);
    for (int i = 0; i < 50; i++) {
      time.learn(ROW, 5_000 * QUICK);
    }
    assertThat(time.nanos()).isGreaterThan(4_900 * QUICK);
  }

  @Test
  void aFewSlowRequestsSayEnoughAndAreForgotten() {
    ServiceTime time = ServiceTime.measured(ROW, QUICK / 10);
    for (int i = 0; i < 3; i++) {
      time.learn(ROW, 10 * QUICK);
    }
    assertThat(time.isQuick()).isFalse();
    for (int i = 0; i < 30; i++) {
      time.learn(ROW, QUICK / 10);
    }
    assertThat(time.isQuick()).isTrue();
  }

  @Test
  void whatIsUnknownBecomesKnown() {
    ServiceTime time = ServiceTime.unknown();
    assertThat(time.isQuick()).isFalse();
    for (int i = 0; i < 30; i++) {
      time.learn(ROW, 1_000);
    }
    assertThat(time.isQuick(ROW)).isTrue();
  }

  @Test
  void whatIsUnboundedIsNeverQuick() {
    ServiceTime time = ServiceTime.measured(ROW, 10).unbounded();
    time.learn(ROW, 10);
    assertThat(time.nanos()).isEqualTo(10);
    assertThat(time.isQuick()).isFalse();
    assertThat(time.isQuick(ROW)).isFalse();
  }

  private static InferenceRequest rows(long rows) {
    Tensor tensor = Tensor.allocate(Datatype.FP32, Shape.of(rows, 4));
    return new InferenceRequest(Map.of("x", tensor), List.of("y"), new Deadline(0));
  }
}
