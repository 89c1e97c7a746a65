package dev.skiff.image;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * An open jar. ONNX Runtime's carries the native libraries of every platform, below {@code
 * ai/onnxruntime/native/PLATFORM/}.
 */
final class Jar implements AutoCloseable {
  /** An execution provider with a library of its own, and what they all share. */
  private static final String PROVIDER = "libonnxruntime_providers_";

  private static final String MARK = "ai/onnxruntime/OrtEnvironment.class";
  private static final String NATIVES = "ai/onnxruntime/native/";
  private static final Pattern SIGNATURE =
      Pattern.compile("META-INF/(SIG-[^/]*|[^/]+\\.(SF|RSA|DSA|EC))", Pattern.CASE_INSENSITIVE);

  private final ZipFile zip;

  Jar(Path jar) throws IOException {
    zip = new ZipFile(jar.toFile());
  }

  /** Whether this is ONNX Runtime's jar. The file name does not tell: there is a GPU jar. */
  boolean isOnnxRuntime() {
    return zip.getEntry(MARK) != null;
  }

  /** The time of the newest entry; a time that was stored without a zone is read in this JVM's. */
  FileTime newest() {
    return Collections.list(zip.entries()).stream()
        .map(ZipEntry::getLastModifiedTime)
        .max(Comparator.naturalOrder())
        .orElse(FileTime.from(Instant.EPOCH));
  }

  /**
   * The files that the Java API cannot start without, and those without which it does not get the
   * named execution providers.
   */
  static List<String> nativesNeeded(List<String> providers) {
    List<String> needed = new ArrayList<>(List.of("libonnxruntime.so", "libonnxruntime4j_jni.so"));
    if (!providers.isEmpty()) {
      needed.add(PROVIDER + "shared.so");
    }
    providers.forEach(provider -> needed.add(PROVIDER + provider + ".so"));
    return needed;
  }

  /** The natives of a platform, by file name, without the execution providers not named. */
  SortedMap<String, ZipEntry> natives(Platform platform, List<String> providers) {
    List<String> needed = nativesNeeded(providers);
    String folder = NATIVES + platform + "/";
    SortedMap<String, ZipEntry> natives = new TreeMap<>();
    for (ZipEntry entry : Collections.list(zip.entries())) {
      if (entry.getName().startsWith(folder)) {
        String name = entry.getName().substring(folder.length());
        boolean wanted = !name.startsWith(PROVIDER) || needed.contains(name);
        if (name.endsWith(".so") && !name.contains("/") && wanted) {
          natives.put(name, entry);
        }
      }
    }
    return natives;
  }

  /** Writes the content of an entry. */
  void extract(ZipEntry entry, OutputStream out) throws IOException {
    try (var in = zip.getInputStream(entry)) {
      in.transferTo(out);
    }
  }

  /**
   * Writes the jar without its natives: the other entries in their order, with their times, modes
   * and contents. A signature does not survive that, so its files go too; the digests that it
   * leaves in the manifest mean nothing without them. Closes the stream.
   */
  void writeWithoutNatives(OutputStream out) throws IOException {
    try (var trimmed = new ZipOutputStream(out)) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        String name = entry.getName();
        if (!name.startsWith(NATIVES) && !SIGNATURE.matcher(name).matches()) {
          // The copy keeps the stored time itself; no getter gives it without a time zone.
          trimmed.putNextEntry(new ZipEntry(entry));
          extract(entry, trimmed);
          trimmed.closeEntry();
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}
