package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged tool on the real jar of ONNX Runtime, each step in a JVM of its own. */
class AssembleIT {
  private static final String VERSION = System.getProperty("onnxruntime.version", "?");
  private static final String PLATFORM =
      System.getProperty("os.arch").equals("aarch64") ? "linux-aarch64" : "linux-x64";

  @TempDir private Path temporary;
  private Path folder;
  private Path runtime;

  @BeforeEach
  void makeFolder() throws IOException, URISyntaxException {
    folder = temporary.resolve("skiff");
    Files.createDirectories(folder.resolve("lib"));
    runtime = source(OrtEnvironment.class);
    Files.copy(runtime, folder.resolve("lib").resolve(runtime.getFileName()));
    Files.copy(Path.of("target/skiff-image.jar"), folder.resolve("skiff.jar"));
  }

  @Test
  void theTrimmedJarLoadsTheNativesBesideIt() throws Exception {
    Path out = temporary.resolve("out");
    assertThat(assemble(out, "UTC", Map.of()).lines()).hasSize(6).last(STRING).endsWith("  total");

    Path trimmed = out.resolve("lib").resolve(runtime.getFileName());
    assertThat(trimmed).hasFileName("onnxruntime-" + VERSION + ".jar");
    assertThat(Files.size(trimmed)).isLessThan(250_000);
    try (var jar = new ZipFile(trimmed.toFile())) {
      assertThat(Collections.list(jar.entries()))
          .extracting(ZipEntry::getName)
          .contains("META-INF/MANIFEST.MF", "ai/onnxruntime/OrtEnvironment.class")
          .noneMatch(name -> name.contains("native"));
    }
    Path natives = out.resolve("native");
    assertThat(load(trimmed, "-Donnxruntime.native.path=" + natives).lines())
        .containsExactly(
            "version " + VERSION,
            "mapped " + natives.resolve("libonnxruntime.so"),
            "mapped " + natives.resolve("libonnxruntime4j_jni.so"));
  }

  /** So that the test above would notice natives that came out of the jar. */
  @Test
  void theWholeJarUnpacksItsNatives() throws Exception {
    assertThat(load(runtime).lines()).filteredOn(line -> line.startsWith("unpacked")).hasSize(2);
  }

  @Test
  void theTimeZoneDoesNotMatterAndSourceDateEpochDoes() throws Exception {
    assemble(temporary.resolve("utc"), "UTC", Map.of());
    assemble(temporary.resolve("tokyo"), "Asia/Tokyo", Map.of());
    assemble(temporary.resolve("epoch"), "UTC", Map.of("SOURCE_DATE_EPOCH", "1700000000"));

    assertThat(Snapshot.of(temporary.resolve("tokyo")))
        .isEqualTo(Snapshot.of(temporary.resolve("utc")));
    assertThat(Snapshot.of(temporary.resolve("epoch")).values())
        .extracting(Snapshot::time)
        .containsOnly(Instant.ofEpochSecond(1_700_000_000));
  }

  private String assemble(Path out, String zone, Map<String, String> environment)
      throws IOException, InterruptedException {
    return java(
        environment,
        "-Duser.timezone=" + zone,
        "-cp",
        "target/skiff-image.jar",
        "dev.skiff.image.Assemble",
        "--platform",
        PLATFORM,
        folder.toString(),
        out.toString());
  }

  private String load(Path jar, String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.add("-Djava.io.tmpdir=" + Files.createDirectory(temporary.resolve("tmp")));
    arguments.add("--enable-native-access=ALL-UNNAMED");
    arguments.add("-cp");
    arguments.add(source(LoadOnnxRuntime.class) + ":" + jar);
    arguments.add(LoadOnnxRuntime.class.getName());
    return java(Map.of("ORT_DISABLE_TELEMETRY", "1"), arguments.toArray(String[]::new));
  }

  /** What a JVM like this one prints; it has to exit with 0. */
  private static String java(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(arguments));
    command.addFirst(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("SOURCE_DATE_EPOCH");
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static Path source(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }
}
