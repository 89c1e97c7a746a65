package dev.skiff.server;

import dev.skiff.server.config.ProviderConfig;
import dev.skiff.server.metrics.Nvml;
import dev.skiff.server.runtime.Checkup;
import dev.skiff.server.runtime.ExecutionProvider.Cuda;
import dev.skiff.server.runtime.ExecutionProvider.Gpu;
import dev.skiff.server.runtime.OnnxRuntime;
import java.io.PrintStream;

/** {@code skiff doctor}: says whether a GPU can be used, and if not, what to do. */
final class Doctor {
  private Doctor() {}

  /**
   * Examines the GPU that the configuration names.
   *
   * @return the exit code: 0 if it can be used, 1 if not
   */
  static int examine(ProviderConfig config, PrintStream out) {
    Gpu gpu = new Gpu(config.device(), config.memoryLimit(), config.cudaOptions());
    Checkup checkup = OnnxRuntime.load().examine(new Cuda(1, gpu));
    String device =
        Nvml.open()
            .flatMap(nvml -> nvml.description(config.device()))
            .orElse("not known: the driver's libnvidia-ml.so.1 is not here, or knows no such GPU");
    line(out, "GPU " + config.device(), device);
    checkup.findings().forEach((what, found) -> line(out, what, found));
    line(out, "result", checkup.fault().orElse("the GPU can be used"));
    return checkup.fault().isEmpty() ? 0 : 1;
  }

  private static void line(PrintStream out, String what, String found) {
    out.printf("%-13s %s%n", what, found);
  }
}
