package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.runtime.ExecutionProvider.Gpu;
import java.util.Collections;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Without CUDA's runtime, as where these tests run. */
class GpuMemoryTest {
  @Test
  void aModelCanHaveItsLimit() {
    assertThat(GpuMemory.capacity(gpu(OptionalLong.of(1 << 20)))).isEqualTo(1 << 20);
  }

  @Test
  void nothingIsTooMuchWhereNothingIsKnown() {
    assertThat(GpuMemory.capacity(gpu(OptionalLong.empty()))).isEqualTo(Long.MAX_VALUE);
  }

  private static Gpu gpu(OptionalLong limit) {
    return new Gpu(0, limit, Collections.emptySortedMap());
  }
}
