package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.runtime.ExecutionProvider.Gpu;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class CudaOptionsTest {
  @Test
  void defaults() {
    assertThat(CudaOptions.of(new Gpu(0, OptionalLong.empty(), new TreeMap<>())))
        .isEqualTo(
            Map.of(
                "device_id", "0",
                "cudnn_conv_algo_search", "HEURISTIC",
                "cudnn_conv_use_max_workspace", "1",
                "arena_extend_strategy", "kSameAsRequested",
                "do_copy_in_default_stream", "1"));
  }

  @Test
  void whatIsGivenCountsMore() {
    assertThat(
            CudaOptions.of(
                new Gpu(
                    3,
                    OptionalLong.of(1 << 20),
                    new TreeMap<>(
                        Map.of("cudnn_conv_algo_search", "EXHAUSTIVE", "use_tf32", "0")))))
        .containsEntry("device_id", "3")
        .containsEntry("gpu_mem_limit", "1048576")
        .containsEntry("cudnn_conv_algo_search", "EXHAUSTIVE")
        .containsEntry("use_tf32", "0")
        .containsEntry("arena_extend_strategy", "kSameAsRequested");
  }
}
