package dev.skiff.image.prune;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged tool on the real provider, in a JVM with little heap. */
class PruneIT {
  private static final Path PROVIDER =
      Path.of(
          "target/onnxruntime_gpu/ai/onnxruntime/native/linux-x64/libonnxruntime_providers_cuda.so");
  private static final Set<Architecture> SM_90A = Set.of(new Architecture(90, true));

  @TempDir private Path temporary;

  @BeforeAll
  static void theProviderIsThere() {
    assertThat(PROVIDER).as("./mvnw verify -Pprovider unpacks it").isRegularFile();
  }

  @Test
  void listsItsArchitectures() throws Exception {
    assertThat(tool("--list", PROVIDER.toString()).lines())
        .extracting(line -> line.substring(line.lastIndexOf(' ') + 1))
        .containsExactly(
            "MB", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90a", "sm_120a",
            "total");
  }

  @Test
  void oneArchitectureIsAQuarterOfAll() throws Exception {
    Path pruned = prune(PROVIDER, "90");

    assertThat(Files.size(pruned)).isLessThan(155_000_000);
    try (var arena = Arena.ofConfined()) {
      Provider before = read(PROVIDER, arena);
      Provider after = read(pruned, arena);
      assertThat(Architectures.in(fatbins(after))).isEqualTo(SM_90A);
      assertThat(entries(after))
          .isEqualTo(entries(before).stream().filter(SM_90A::contains).toList())
          .hasSize(288);
      assertThat(after.modules()).hasSameSizeAs(before.modules()).hasSize(289);
      assertThat(before.dynamic().unneeded()).containsExactly("libcurand.so.10", "libcuda.so.1");
      assertThat(after.dynamic().unneeded()).isEmpty();
    }
  }

  @Test
  void theSameBytesComeOutByAnyWay() throws Exception {
    Path pruned = prune(PROVIDER, "90");

    assertThat(prune(pruned, "90")).hasSameBinaryContentAs(pruned);
    assertThat(prune(prune(PROVIDER, "80,90"), "90")).hasSameBinaryContentAs(pruned);
  }

  private Path prune(Path provider, String devices) throws IOException, InterruptedException {
    Path out = Files.createTempDirectory(temporary, devices).resolve("provider.so");
    tool("--architectures", devices, provider.toString(), out.toString());
    return out;
  }

  private static String tool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx32m", "-cp", "target/skiff-image.jar", Prune.class.getName()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static Provider read(Path file, Arena arena) throws IOException {
    try (var channel = FileChannel.open(file)) {
      return new Provider(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    }
  }

  private static List<Fatbin> fatbins(Provider provider) {
    return provider.modules().stream().map(Provider.Module::fatbin).toList();
  }

  private static List<Architecture> entries(Provider provider) {
    return fatbins(provider).stream()
        .flatMap(fatbin -> fatbin.entries().stream())
        .map(Fatbin.Entry::architecture)
        .toList();
  }
}
