package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AssembleTest {
  private static final String NATIVE = "ai/onnxruntime/native/";
  private static final String API = "ai/onnxruntime/OrtEnvironment.class";
  private static final String MANIFEST = "META-INF/MANIFEST.MF";
  private static final LocalDateTime OLD = LocalDateTime.of(2026, 1, 2, 3, 4, 6);
  private static final LocalDateTime NEW = LocalDateTime.of(2026, 2, 3, 4, 5, 8);

  @TempDir private Path temporary;
  private Path folder;
  private Path out;
  private final StringWriter printed = new StringWriter();
  private final StringWriter errors = new StringWriter();

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(temporary.resolve("skiff"));
    out = temporary.resolve("out");
    Files.createDirectory(folder.resolve("lib"));
    jar("skiff.jar", OLD, MANIFEST, "dev/skiff/server/Main.class");
    jar("lib/a.jar", NEW, MANIFEST, "A.class");
    jar(
        "lib/onnxruntime-9.jar",
        OLD,
        "ai/",
        API,
        NATIVE,
        NATIVE + "linux-aarch64/libonnxruntime.so",
        NATIVE + "linux-aarch64/libonnxruntime4j_jni.so",
        NATIVE + "linux-x64/",
        NATIVE + "linux-x64/libonnxruntime.so",
        NATIVE + "linux-x64/libonnxruntime4j_jni.so",
        NATIVE + "linux-x64/debug/libonnxruntime.so",
        NATIVE + "osx-aarch64/libonnxruntime.dylib",
        NATIVE + "win-x64/onnxruntime.dll",
        "ai/onnxruntime/OrtSession.class",
        "META-INF/",
        MANIFEST);
  }

  @Test
  void takesTheNativesOfOnePlatformOutOfTheJar() throws IOException {
    assertThat(assemble()).isZero();

    assertThat(files(out))
        .containsExactly(
            "lib/a.jar",
            "lib/onnxruntime-9.jar",
            "native/libonnxruntime.so",
            "native/libonnxruntime4j_jni.so",
            "skiff.jar");
    assertThat(out.resolve("native/libonnxruntime.so"))
        .hasContent("content of " + NATIVE + "linux-x64/libonnxruntime.so");
    assertThat(entries(out.resolve("lib/onnxruntime-9.jar")).keySet())
        .containsExactly("ai/", API, "ai/onnxruntime/OrtSession.class", "META-INF/", MANIFEST);
  }

  @Test
  void knowsTheOtherPlatform() throws IOException {
    assertThat(assemble("--platform", "linux-aarch64")).isZero();

    assertThat(out.resolve("native/libonnxruntime4j_jni.so"))
        .hasContent("content of " + NATIVE + "linux-aarch64/libonnxruntime4j_jni.so");
  }

  @Test
  void leavesTheProvidersOfTheGpuJarOut() throws IOException {
    gpuJar();

    assertThat(assemble()).isZero();

    assertThat(files(out)).noneMatch(file -> file.contains("providers"));
  }

  @Test
  void takesTheProviderThatIsNamedAndWhatItLoads() throws IOException {
    gpuJar();

    assertThat(assemble("--providers", "cuda")).isZero();

    assertThat(files(out))
        .filteredOn(file -> file.contains("providers"))
        .containsExactly(
            "native/libonnxruntime_providers_cuda.so", "native/libonnxruntime_providers_shared.so");
  }

  @Test
  void takesEveryProviderThatIsNamed() throws IOException {
    gpuJar();

    assertThat(assemble("--providers", "cuda,tensorrt")).isZero();

    assertThat(files(out)).filteredOn(file -> file.contains("providers")).hasSize(3);
  }

  @Test
  void refusesAProviderThatTheJarLacks() throws IOException {
    assertRefusal(new String[] {"--providers", "cuda"}, "onnxruntime-9.jar lacks natives");
  }

  @Test
  void copiesWhatIsNotOnnxRuntimeByteForByte() throws IOException {
    assertThat(assemble()).isZero();

    for (String jar : List.of("skiff.jar", "lib/a.jar")) {
      assertThat(out.resolve(jar)).hasSameBinaryContentAs(folder.resolve(jar));
    }
  }

  @Test
  void keepsTheContentsTimesAndMethodsOfTheEntriesThatStay() throws IOException {
    assertThat(assemble()).isZero();

    var before = entries(folder.resolve("lib/onnxruntime-9.jar"));
    var after = entries(out.resolve("lib/onnxruntime-9.jar"));
    assertThat(before).containsAllEntriesOf(after);
    assertThat(after).containsEntry(MANIFEST, "deflated " + OLD + " content of " + MANIFEST);
    assertThat(after).containsEntry("ai/", "stored " + OLD + " ");
  }

  @Test
  void dropsTheSignatureThatTheTrimmedJarWouldBreak() throws IOException {
    jar(
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

    assertThat(assemble()).isZero();

    assertThat(entries(out.resolve("lib/onnxruntime-9.jar")).keySet())
        .containsExactly(MANIFEST, "META-INF/maven/x.sf", API);
  }

  @Test
  void theSameInputGivesTheSameBytesModesAndTimes() throws IOException {
    assertThat(assemble()).isZero();
    var first = Snapshot.of(out);
    for (String jar : files(folder)) {
      Files.setLastModifiedTime(folder.resolve(jar), FileTime.from(Instant.EPOCH));
      Files.setPosixFilePermissions(
          folder.resolve(jar), PosixFilePermissions.fromString("rwx------"));
    }
    out = temporary.resolve("again");
    var closed = PosixFilePermissions.fromString("rwx------");
    Files.createDirectory(out, PosixFilePermissions.asFileAttribute(closed));

    assertThat(assemble()).isZero();

    assertThat(Snapshot.of(out)).isEqualTo(first);
  }

  @Test
  void everyTimeIsThatOfTheNewestEntry() throws IOException {
    assertThat(assemble()).isZero();

    // In this JVM's zone; the tool's own is UTC, see AssembleIT.
    assertThat(Snapshot.of(out).values())
        .extracting(Snapshot::time)
        .containsOnly(NEW.atZone(ZoneId.systemDefault()).toInstant());
  }

  @Test
  void everyTimeIsTheGivenOne() throws IOException {
    assertThat(assemble("--time", "1700000000")).isZero();

    assertThat(Snapshot.of(out).values())
        .extracting(Snapshot::time)
        .containsOnly(Instant.ofEpochSecond(1_700_000_000));
  }

  @Test
  void printsTheSizesBeforeAndAfter() throws IOException {
    var noise = new byte[2_000_000];
    new Random(1).nextBytes(noise);
    try (var jar = new ZipOutputStream(Files.newOutputStream(folder.resolve("lib/a.jar")))) {
      jar.putNextEntry(new ZipEntry("noise"));
      jar.write(noise);
    }

    assertThat(assemble()).isZero();

    assertThat(printed.toString().lines())
        .hasSize(7)
        .startsWith("   before     after  MB", "    2.001     2.001  lib/a.jar")
        .contains("    0.000     0.000  native/libonnxruntime.so")
        .last(STRING)
        .matches(" +2\\.00\\d +2\\.00\\d  total");
  }

  @Test
  void refusesAFolderWithoutOnnxRuntime() throws IOException {
    Files.delete(folder.resolve("lib/onnxruntime-9.jar"));

    assertRefusal("/lib must have one onnxruntime jar but has []");
  }

  @Test
  void refusesAFolderWithTwo() throws IOException {
    jar("lib/onnxruntime_gpu-9.jar", OLD, API);

    assertRefusal("one onnxruntime jar but has [", "onnxruntime-9.jar", "onnxruntime_gpu-9.jar");
  }

  @Test
  void refusesAJarWithoutThePlatformsNatives() throws IOException {
    jar("lib/onnxruntime-9.jar", OLD, API, NATIVE + "linux-aarch64/libonnxruntime.so");

    assertRefusal("onnxruntime-9.jar lacks natives for linux-x64: it has []");
  }

  @Test
  void refusesAJarWithOnlyOneOfThem() throws IOException {
    jar("lib/onnxruntime-9.jar", OLD, API, NATIVE + "linux-x64/libonnxruntime.so");

    assertRefusal("lacks natives for linux-x64: it has [libonnxruntime.so]");
  }

  @Test
  void refusesAFolderThatTheServerModuleDidNotBuild() throws IOException {
    Files.delete(folder.resolve("skiff.jar"));

    assertRefusal("skiff does not hold skiff.jar and lib");
  }

  @Test
  void refusesWhatIsNotAJar() throws IOException {
    Files.writeString(folder.resolve("lib/a.jar"), "not a jar");

    assertRefusal("a.jar is not a jar");
  }

  @Test
  void refusesAnUnknownPlatform() throws IOException {
    assertRefusal(new String[] {"--platform", "win-x64"}, "--platform", "linux-aarch64", "win-x64");
  }

  @Test
  void refusesToWriteIntoAFolderThatIsNotEmpty() throws IOException {
    Files.createDirectory(out);
    Files.writeString(out.resolve("theirs"), "");

    assertThat(assemble()).isEqualTo(2);

    assertThat(errors.toString()).contains("out is not an empty folder").hasLineCount(1);
    assertThat(files(out)).containsExactly("theirs");
  }

  @Test
  void refusesToWriteIntoAFile() throws IOException {
    Files.writeString(out, "theirs");

    assertThat(assemble()).isEqualTo(2);

    assertThat(errors.toString()).contains("out is not an empty folder").hasLineCount(1);
    assertThat(out).hasContent("theirs");
  }

  private void gpuJar() throws IOException {
    Files.delete(folder.resolve("lib/onnxruntime-9.jar"));
    jar(
        "lib/onnxruntime_gpu-9.jar",
        OLD,
        API,
        NATIVE + "linux-x64/libonnxruntime.so",
        NATIVE + "linux-x64/libonnxruntime4j_jni.so",
        NATIVE + "linux-x64/libonnxruntime_providers_cuda.so",
        NATIVE + "linux-x64/libonnxruntime_providers_shared.so",
        NATIVE + "linux-x64/libonnxruntime_providers_tensorrt.so");
  }

  private void assertRefusal(String... messages) {
    assertRefusal(new String[0], messages);
  }

  private void assertRefusal(String[] options, String... messages) {
    assertThat(assemble(options)).isEqualTo(2);
    assertThat(errors.toString()).startsWith("assemble: ").contains(messages).hasLineCount(1);
    assertThat(printed.toString()).isEmpty();
    assertThat(out).doesNotExist();
  }

  private int assemble(String... options) {
    String[] arguments = Arrays.copyOf(options, options.length + 2);
    arguments[options.length] = folder.toString();
    arguments[options.length + 1] = out.toString();
    return Assemble.commandLine()
        .setOut(new PrintWriter(printed))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  /** Writes a jar below the folder; each entry that is not a folder says its name. */
  private void jar(String file, LocalDateTime time, String... names) throws IOException {
    try (var jar = new ZipOutputStream(Files.newOutputStream(folder.resolve(file)))) {
      for (String name : names) {
        ZipEntry entry = new ZipEntry(name);
        entry.setTimeLocal(time);
        if (name.endsWith("/")) {
          entry.setMethod(ZipEntry.STORED);
          entry.setSize(0);
          entry.setCrc(0);
        }
        jar.putNextEntry(entry);
        if (!name.endsWith("/")) {
          jar.write(("content of " + name).getBytes(UTF_8));
        }
      }
    }
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

  private static List<String> files(Path root) throws IOException {
    try (var paths = Files.walk(root)) {
      return paths
          .filter(Files::isRegularFile)
          .map(file -> root.relativize(file).toString())
          .sorted()
          .toList();
    }
  }
}
