package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TelemetryGuardTest {
  @Test
  void oneTurnsItOff() {
    assertThat(TelemetryGuard.isOff("1")).isTrue();
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "0", "false", "true", " 1"})
  void anythingElseIsSetOver(@Nullable String value) {
    assertThat(TelemetryGuard.isOff(value)).isFalse();
  }
}
