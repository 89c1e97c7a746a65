package dev.skiff.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarFile;

/** An image as {@code docker save} writes it: no command of the image itself is needed. */
record SavedImage(List<Layer> layers) {
  private static final Pattern LAYERS = Pattern.compile("\"Layers\":\\[([^]]*)]");
  private static final Pattern STRING = Pattern.compile("\"([^\"]*)\"");

  /** A layer. Its sizes are those of its tar, in bytes, before and after gzip -6. */
  record Layer(long bytes, long compressed, List<Entry> entries) {
    List<Entry> files() {
      return entries.stream().filter(Entry::file).toList();
    }

    boolean holds(String path) {
      return entries.stream().anyMatch(entry -> entry.path().equals(path));
    }
  }

  /** What a layer adds to the root file system. {@code file} means a regular file. */
  record Entry(
      String path,
      boolean file,
      boolean link,
      int mode,
      long uid,
      long gid,
      long size,
      boolean elf,
      String sha256) {}

  static SavedImage of(String image) throws IOException {
    Path tar = Files.createTempFile("image", ".tar");
    try {
      Docker.run("save", "--output", tar.toString(), image);
      try (var saved = new TarFile(tar)) {
        List<Layer> layers = new ArrayList<>();
        for (String name : layerNames(saved)) {
          layers.add(layer(saved, name));
        }
        return new SavedImage(List.copyOf(layers));
      }
    } finally {
      Files.delete(tar);
    }
  }

  /** The layers of the base image: those below the first one that holds something of ours. */
  List<Layer> base() {
    return layers.stream().takeWhile(layer -> !layer.holds("/skiff")).toList();
  }

  /** The layers of our Dockerfile, the lowest first. */
  List<Layer> own() {
    return layers.stream().dropWhile(layer -> !layer.holds("/skiff")).toList();
  }

  /**
   * Checks that there is a base, and above it one layer for each of these, with such paths alone.
   */
  void assertLayers(List<Pattern> paths) {
    assertThat(base()).isNotEmpty();
    assertThat(own()).hasSameSizeAs(paths);
    for (int index = 0; index < paths.size(); index++) {
      assertThat(own().get(index).files()).isNotEmpty();
      assertThat(own().get(index).entries())
          .extracting(Entry::path)
          .allMatch(paths.get(index).asMatchPredicate());
    }
  }

  private static List<String> layerNames(TarFile saved) throws IOException {
    try (var in = stream(saved, "manifest.json")) {
      var layers = LAYERS.matcher(new String(in.readAllBytes(), UTF_8));
      if (!layers.find()) {
        throw new AssertionError("no layers in the image's manifest.json");
      }
      return STRING.matcher(layers.group(1)).results().map(found -> found.group(1)).toList();
    }
  }

  private static Layer layer(TarFile saved, String name) throws IOException {
    var plain = new Counter();
    var compressed = new Counter();
    try (var in = stream(saved, name);
        var gzip = new GZIPOutputStream(compressed)) {
      byte[] buffer = new byte[1 << 16];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        plain.write(buffer, 0, read);
        gzip.write(buffer, 0, read);
      }
    }
    List<Entry> entries = new ArrayList<>();
    try (var tar = new TarArchiveInputStream(stream(saved, name))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        entries.add(entry(entry, tar));
      }
    }
    return new Layer(plain.count, compressed.count, List.copyOf(entries));
  }

  private static Entry entry(TarArchiveEntry entry, InputStream content) throws IOException {
    boolean link = entry.isSymbolicLink() || entry.isLink();
    boolean file = entry.isFile() && !link && !entry.isCharacterDevice();
    boolean elf = false;
    String sha256 = "";
    if (file) {
      var digest = new DigestInputStream(content, sha256());
      elf = new String(digest.readNBytes(4), UTF_8).equals("\u007fELF");
      digest.transferTo(OutputStream.nullOutputStream());
      sha256 = HexFormat.of().formatHex(digest.getMessageDigest().digest());
    }
    return new Entry(
        "/" + entry.getName().replaceFirst("^(\\./|/)", "").replaceFirst("/$", ""),
        file,
        link,
        entry.getMode() & 0xFFF,
        entry.getLongUserId(),
        entry.getLongGroupId(),
        entry.getSize(),
        elf,
        sha256);
  }

  /** A file of the saved image; new engines save a layer as it was pulled, compressed. */
  private static InputStream stream(TarFile saved, String name) throws IOException {
    for (TarArchiveEntry entry : saved.getEntries()) {
      if (entry.getName().equals(name)) {
        var in = new BufferedInputStream(saved.getInputStream(entry), 1 << 16);
        in.mark(2);
        boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
        in.reset();
        return gzip ? new GZIPInputStream(in) : in;
      }
    }
    throw new AssertionError("docker save left out " + name);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static final class Counter extends OutputStream {
    private long count;

    @Override
    public void write(int one) {
      count++;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      count += length;
    }
  }
}
