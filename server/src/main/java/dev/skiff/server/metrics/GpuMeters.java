package dev.skiff.server.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

/** What NVML knows of a GPU, asked at each scrape; NaN where it does not. */
final class GpuMeters {
  private GpuMeters() {}

  static void bind(int device, Nvml nvml, MeterRegistry registry) {
    Tags tags = Tags.of("device", Integer.toString(device));
    Gauge.builder(
            "skiff.gpu.memory.used",
            () -> nvml.memory(device).map(memory -> (double) memory.used()).orElse(Double.NaN))
        .description("GPU memory in use, by all processes together")
        .baseUnit("bytes")
        .tags(tags)
        .register(registry);
    Gauge.builder(
            "skiff.gpu.memory.size",
            () -> nvml.memory(device).map(memory -> (double) memory.total()).orElse(Double.NaN))
        .description("GPU memory that there is")
        .baseUnit("bytes")
        .tags(tags)
        .register(registry);
    Gauge.builder("skiff.gpu.utilization", () -> nvml.utilization(device).orElse(Double.NaN))
        .description("The part of the time that the GPU ran something, of all processes")
        .baseUnit("ratio")
        .tags(tags)
        .register(registry);
  }
}
