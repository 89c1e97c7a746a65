package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** The tool, called as from a shell, on a folder like that which the server module builds. */
final class AssembleCommand {
  static final String NATIVE = "ai/onnxruntime/native/";
  static final String API = "ai/onnxruntime/OrtEnvironment.class";
  static final String MANIFEST = "META-INF/MANIFEST.MF";

  /** The time of all entries but those of lib/a.jar, which are newer. */
  static final LocalDateTime OLD = LocalDateTime.of(2026, 1, 2, 3, 4, 6);

  static final LocalDateTime NEW = LocalDateTime.of(2026, 2, 3, 4, 5, 8);

  final Path folder;
  final Path out;
  private final StringWriter printed = new StringWriter();
  private final StringWriter errors = new StringWriter();

  AssembleCommand(Path temporary) throws IOException {
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

  /** Writes a jar below the folder; each entry that is not a folder says its name. */
  void jar(String file, LocalDateTime time, String... names) throws IOException {
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

  int assemble(String... options) {
    return assembleTo(out, options);
  }

  int assembleTo(Path target, String... options) {
    String[] arguments = Arrays.copyOf(options, options.length + 2);
    arguments[options.length] = folder.toString();
    arguments[options.length + 1] = target.toString();
    return Assemble.commandLine()
        .setOut(new PrintWriter(printed))
        .setErr(new PrintWriter(errors))
        .execute(arguments);
  }

  String printed() {
    return printed.toString();
  }

  String errors() {
    return errors.toString();
  }

  /** The paths of the files below a folder. */
  static List<String> files(Path root) throws IOException {
    try (var paths = Files.walk(root)) {
      return paths
          .filter(Files::isRegularFile)
          .map(file -> root.relativize(file).toString())
          .sorted()
          .toList();
    }
  }
}
