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
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
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
  void saysTheMegabytesBeforeAndAfter() throws Exception {
    Path out = temporary.resolve("provider.so");

    String report = tool("--architectures", "90", PROVIDER.toString(), out.toString());

    assertThat(report.lines().map(line -> line.strip().replaceAll(" +", " ")))
        .containsExactly(
            "before after MB",
            "20.275 0.000 sm_60",
            "17.628 0.000 sm_70",
            "28.990 0.000 sm_75",
            "88.459 0.000 sm_80",
            "87.664 0.000 sm_86",
            "85.406 0.000 sm_89",
            "94.250 94.250 sm_90a",
            "99.343 0.000 sm_120a",
            mb(PROVIDER) + " " + mb(out) + " total",
            "no longer needs libcurand.so.10",
            "no longer needs libcuda.so.1");
  }

  /** With the least code that there is for one architecture, for the time that it takes. */
  @Test
  void theSameCodeIsRecompressedToLessThanHalf() throws Exception {
    Path pruned = prune(PROVIDER, "70");
    Path out = temporary.resolve("provider.so");

    tool("--architectures", "70", "--recompress", "zstd", pruned.toString(), out.toString());

    try (var arena = Arena.ofConfined()) {
      Provider before = read(pruned, arena);
      Provider after = read(out, arena);
      assertThat(entries(after)).isEqualTo(entries(before)).isNotEmpty();
      assertThat(code(after)).isLessThan(code(before) / 2);
      assertThat(Files.size(out)).isLessThan(Files.size(pruned) - code(before) / 2);
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

  private static String mb(Path file) throws IOException {
    return String.format(Locale.ROOT, "%.3f", Files.size(file) / 1e6);
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
    return allEntries(provider).map(Fatbin.Entry::architecture).toList();
  }

  private static long code(Provider provider) {
    return allEntries(provider).mapToLong(Fatbin.Entry::size).sum();
  }

  private static Stream<Fatbin.Entry> allEntries(Provider provider) {
    return fatbins(provider).stream().flatMap(fatbin -> fatbin.entries().stream());
  }
}
