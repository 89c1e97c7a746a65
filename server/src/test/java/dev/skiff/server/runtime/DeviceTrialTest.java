package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The CPU on one thread stands for the device. */
class DeviceTrialTest {
  @ParameterizedTest
  @EnumSource
  void theCpuAgreesWithItself(DeviceTrial.Operator operator) throws OrtException {
    assertThat(Fixtures.RUNTIME).isNotNull();
    DeviceTrial trial =
        DeviceTrial.of(operator, OrtEnvironment.getEnvironment(), new ExecutionProvider.Cpu(1));
    assertThat(trial.deviation()).isLessThan(1e-5);
    assertThat(trial.right()).isTrue();
    assertThat(trial.deviceNanos()).isPositive();
    assertThat(trial.cpuNanos()).isPositive();
  }

  @Test
  void deviations() {
    assertThat(deviation(new float[] {1, -4}, 1, -4)).isZero();
    assertThat(deviation(new float[] {1, -4}, 1, -3)).isEqualTo(0.25);
    assertThat(deviation(new float[] {1, -4}, Float.NaN, -4)).isInfinite();
    assertThat(new DeviceTrial(0.25, 1, 1).right()).isFalse();
    assertThat(new DeviceTrial(1e-3, 1, 1).right()).isTrue();
  }

  private static double deviation(float[] expected, float... actual) {
    return DeviceTrial.deviation(expected, actual);
  }
}
