package dev.skiff.image;

import static dev.skiff.image.AssembleCommand.API;
import static dev.skiff.image.AssembleCommand.MANIFEST;
import static dev.skiff.image.AssembleCommand.NATIVE;
import static dev.skiff.image.AssembleCommand.NEW;
import static dev.skiff.image.AssembleCommand.OLD;
import static dev.skiff.image.AssembleCommand.files;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AssembleTest {
  private final AssembleCommand tool;

  AssembleTest(@TempDir Path temporary) throws IOException {
    tool = new AssembleCommand(temporary);
  }

  @Test
  void takesTheNativesOfOnePlatformOutOfTheJar() throws IOException {
    assertThat(tool.assemble()).isZero();

    assertThat(files(tool.out))
        .containsExactly(
            "lib/a.jar",
            "lib/onnxruntime-9.jar",
            "native/libonnxruntime.so",
            "native/libonnxruntime4j_jni.so",
            "skiff.jar");
    assertThat(tool.out.resolve("native/libonnxruntime.so"))
        .hasContent("content of " + NATIVE + "linux-x64/libonnxruntime.so");
    assertThat(entries(tool.out.resolve("lib/onnxruntime-9.jar")).keySet())
        .containsExactly("ai/", API, "ai/onnxruntime/OrtSession.class", "META-INF/", MANIFEST);
  }

  @Test
  void knowsTheOtherPlatform() throws IOException {
    assertThat(tool.assemble("--platform", "linux-aarch64")).isZero();

    assertThat(tool.out.resolve("native/libonnxruntime4j_jni.so"))
        .hasContent("content of " + NATIVE + "linux-aarch64/libonnxruntime4j_jni.so");
  }

  @Test
  void leavesTheProvidersOfTheGpuJarOut() throws IOException {
    gpuJar();

    assertThat(tool.assemble()).isZero();

    assertThat(files(tool.out)).noneMatch(file -> file.contains("providers"));
  }

  @Test
  void takesTheProviderThatIsNamedAndWhatItLoads() throws IOException {
    gpuJar();

    assertThat(tool.assemble("--providers", "cuda")).isZero();

    assertThat(files(tool.out))
        .filteredOn(file -> file.contains("providers"))
        .containsExactly(
            "native/libonnxruntime_providers_cuda.so", "native/libonnxruntime_providers_shared.so");
  }

  @Test
  void takesEveryProviderThatIsNamed() throws IOException {
    gpuJar();

    assertThat(tool.assemble("--providers", "cuda,tensorrt")).isZero();

    assertThat(files(tool.out)).filteredOn(file -> file.contains("providers")).hasSize(3);
  }

  @Test
  void copiesWhatIsNotOnnxRuntimeByteForByte() throws IOException {
    assertThat(tool.assemble()).isZero();

    for (String jar : List.of("skiff.jar", "lib/a.jar")) {
      assertThat(tool.out.resolve(jar)).hasSameBinaryContentAs(tool.folder.resolve(jar));
    }
  }

  @Test
  void keepsTheContentsTimesAndMethodsOfTheEntriesThatStay() throws IOException {
    assertThat(tool.assemble()).isZero();

    var before = entries(tool.folder.resolve("lib/onnxruntime-9.jar"));
    var after = entries(tool.out.resolve("lib/onnxruntime-9.jar"));
    assertThat(before).containsAllEntriesOf(after);
    assertThat(after).containsEntry(MANIFEST, "deflated " + OLD + " content of " + MANIFEST);
    assertThat(after).containsEntry("ai/", "stored " + OLD + " ");
  }

  @Test
  void dropsTheSignatureThatTheTrimmedJarWouldBreak() throws IOException {
    tool.jar(
        "lib/onnxruntime-9.jar",
        OLD,
        MANIFEST,
        "META-INF/MICROSOFT.SF",
        "META-INF/MICROSOFT.RSA",
        "META-INF/SIG-X",
        "META-INF/maven/x.sf",
        API,
        NATIVE + "linux-x64/libonnxruntime.so",
        NATIVE + "linux-x64/libonnxruntime4j_jni.so");

    assertThat(tool.assemble()).isZero();

    assertThat(entries(tool.out.resolve("lib/onnxruntime-9.jar")).keySet())
        .containsExactly(MANIFEST, "META-INF/maven/x.sf", API);
  }

  @Test
  void theSameInputGivesTheSameBytesModesAndTimes() throws IOException {
    assertThat(tool.assemble()).isZero();
    var first = Snapshot.of(tool.out);
    for (String jar : files(tool.folder)) {
      Files.setLastModifiedTime(tool.folder.resolve(jar), FileTime.from(Instant.EPOCH));
      Files.setPosixFilePermissions(
          tool.folder.resolve(jar), PosixFilePermissions.fromString("rwx------"));
    }
    Path again = tool.out.resolveSibling("again");
    var closed = PosixFilePermissions.fromString("rwx------");
    Files.createDirectory(again, PosixFilePermissions.asFileAttribute(closed));

    assertThat(tool.assembleTo(again)).isZero();

    assertThat(Snapshot.of(again)).isEqualTo(first);
  }

  @Test
  void everyTimeIsThatOfTheNewestEntry() throws IOException {
    assertThat(tool.assemble()).isZero();

    // In this JVM's zone; the tool's own is UTC, see AssembleIT.
    assertThat(Snapshot.of(tool.out).values())
        .extracting(Snapshot::time)
        .containsOnly(NEW.atZone(ZoneId.systemDefault()).toInstant());
  }

  @Test
  void everyTimeIsTheGivenOne() throws IOException {
    assertThat(tool.assemble("--time", "1700000000")).isZero();

    assertThat(Snapshot.of(tool.out).values())
        .extracting(Snapshot::time)
        .containsOnly(Instant.ofEpochSecond(1_700_000_000));
  }

  @Test
  void printsTheSizesBeforeAndAfter() throws IOException {
    var noise = new byte[2_000_000];
    new Random(1).nextBytes(noise);
    try (var jar = new ZipOutputStream(Files.newOutputStream(tool.folder.resolve("lib/a.jar")))) {
      jar.putNextEntry(new ZipEntry("noise"));
      jar.write(noise);
    }

    assertThat(tool.assemble()).isZero();

    assertThat(tool.printed().lines())
        .hasSize(7)
        .startsWith("   before     after  MB", "    2.001     2.001  lib/a.jar")
        .contains("    0.000     0.000  native/libonnxruntime.so")
        .last(STRING)
        .matches(" +2\\.00\\d +2\\.00\\d  total");
  }

  private void gpuJar() throws IOException {
    Files.delete(tool.folder.resolve("lib/onnxruntime-9.jar"));
    tool.jar(
        "lib/onnxruntime_gpu-9.jar",
        OLD,
        API,
        NATIVE + "linux-x64/libonnxruntime.so",
        NATIVE + "linux-x64/libonnxruntime4j_jni.so",
        NATIVE + "linux-x64/libonnxruntime_providers_cuda.so",
        NATIVE + "linux-x64/libonnxruntime_providers_shared.so",
        NATIVE + "linux-x64/libonnxruntime_providers_tensorrt.so");
  }

  /** What each entry is like, by name and in the jar's order. */
  private static Map<String, String> entries(Path file) throws IOException {
    Map<String, String> entries = new LinkedHashMap<>();
    try (var jar = new ZipFile(file.toFile())) {
      for (ZipEntry entry : Collections.list(jar.entries())) {
        String method = entry.getMethod() == ZipEntry.STORED ? "stored" : "deflated";
        String content = new String(jar.getInputStream(entry).readAllBytes(), UTF_8);
        entries.put(entry.getName(), method + " " + entry.getTimeLocal() + " " + content);
      }
    }
    return entries;
  }
}
