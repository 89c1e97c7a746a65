package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class MachineTest {
  @Test
  void theEnvironmentMayNameTheCommit() {
    assertThat(Machine.commit(Map.of("COMMIT", "abc"))).isEqualTo("abc");
    assertThat(Machine.commit(Map.of("COMMIT", "")))
        .isEqualTo(Machine.commit(Map.of()))
        .isNotEmpty();
  }
}
