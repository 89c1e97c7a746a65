package dev.skiff.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32;

/** What a layer of an image would keep of a file or folder. */
record Snapshot(String mode, Instant time, long checksum) {
  /** Every file and folder from a root on, by path. */
  static SortedMap<String, Snapshot> of(Path root) throws IOException {
    SortedMap<String, Snapshot> snapshots = new TreeMap<>();
    try (var paths = Files.walk(root)) {
      for (Path path : paths.toList()) {
        var checksum = new CRC32();
        if (Files.isRegularFile(path)) {
          checksum.update(Files.readAllBytes(path));
        }
        snapshots.put(
            root.relativize(path).toString(),
            new Snapshot(
                PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
                Files.getLastModifiedTime(path).toInstant(),
                checksum.getValue()));
      }
    }
    return snapshots;
  }
}
