package dev.skiff.image;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Run by AssembleIT in a JVM of its own: prints ONNX Runtime's version, the native libraries that
 * are mapped, and the files in the temporary folder, where the binding unpacks what it must.
 */
final class LoadOnnxRuntime {
  private LoadOnnxRuntime() {}

  public static void main(String[] args) throws IOException {
    System.out.println("version " + OrtEnvironment.getEnvironment().getVersion());
    try (var maps = Files.lines(Path.of("/proc/self/maps"))) {
      maps.filter(line -> line.contains("onnxruntime") && line.endsWith(".so"))
          .map(line -> "mapped " + line.substring(line.indexOf('/')))
          .distinct()
          .sorted()
          .forEach(System.out::println);
    }
    try (var files = Files.walk(Path.of(System.getProperty("java.io.tmpdir")))) {
      files.filter(Files::isRegularFile).forEach(file -> System.out.println("unpacked " + file));
    }
  }
}
