package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineTest {
  private final Path root;

  MachineTest(@TempDir Path root) {
    this.root = root;
  }

  @Test
  void withoutAGpu() throws IOException {
    file("usr/lib/x86_64-linux-gnu/libc.so.6", "");
    Machine machine = Machine.look(root, Map.of());
    assertThat(machine.deviceFiles()).isFalse();
    assertThat(machine.driver()).isEmpty();
    assertThat(machine.visibleDevices()).isEmpty();
    assertThat(machine.libraries()).isEmpty();
  }

  @Test
  void withAGpu() throws IOException {
    file("dev/nvidia0", "");
    file("usr/lib/x86_64-linux-gnu/libcuda.so.1", "");
    file("opt/cuda/libcublasLt.so.12", "");
    file("opt/cuda/libcublasLt.so.12.txt", "");
    file("opt/cuda/libnvrtc.so.12", "");
    Machine machine =
        Machine.look(
            root, Map.of("NVIDIA_VISIBLE_DEVICES", "all", "LD_LIBRARY_PATH", "relative:/opt/cuda"));
    assertThat(machine.deviceFiles()).isTrue();
    assertThat(machine.visibleDevices()).contains("all");
    assertThat(machine.libraries())
        .containsExactly("libcublasLt.so.12", "libcuda.so.1", "libnvrtc.so.12");
    assertThat(machine.has("libcuda.so")).isTrue();
    assertThat(machine.has("libcudart.so")).isFalse();
  }

  /** The first as the closed kernel module writes it, the second as the open one does. */
  @Test
  void theDriversVersion() throws IOException {
    driver(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.82.01  Wed Oct 27 21:21:55 UTC 2021");
    assertThat(Machine.look(root, Map.of()).driver()).contains("470.82.01");
    driver(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release Build  (dvs-builder)");
    assertThat(Machine.look(root, Map.of()).driver()).contains("570.124.06");
    driver("something else");
    assertThat(Machine.look(root, Map.of()).driver()).isEmpty();
  }

  private void driver(String line) throws IOException {
    file("proc/driver/nvidia/version", line + "\nGCC version:  gcc version 12.3.0\n");
  }

  private void file(String name, String content) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }
}
