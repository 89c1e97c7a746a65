package dev.skiff.image;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** Writes the files of an image, all with the same time and whatever the umask with mode 644. */
final class Layout {
  /** A file of the layout. Sizes in bytes; {@code before} is 0 for what came out of a jar. */
  record Item(String name, long before, long after) {}

  /** Writes a file's bytes; it may close the stream, which the layout does in any case. */
  @FunctionalInterface
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private final Path root;
  private final FileTime time;
  private final List<Item> items = new ArrayList<>();

  /** A layout in a folder that is new or empty. */
  Layout(Path root, FileTime time) {
    this.root = root;
    this.time = time;
  }

  /**
   * Writes a file.
   *
   * @param name its path below the root
   * @param before the size in bytes of what it is made from
   */
  void add(String name, long before, Content content) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.resolveSibling(""));
    try (var out = Files.newOutputStream(file)) {
      content.writeTo(out);
    }
    stamp(file, "rw-r--r--");
    items.add(new Item(name, before, Files.size(file)));
  }

  /** Stamps the folders, last because each new file changes them, and lists what was written. */
  List<Item> finish() throws IOException {
    try (var paths = Files.walk(root)) {
      for (Path folder : paths.filter(Files::isDirectory).toList()) {
        stamp(folder, "rwxr-xr-x");
      }
    }
    return List.copyOf(items);
  }

  private void stamp(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    Files.setLastModifiedTime(path, time);
  }
}
