package dev.skiff.server.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Files that are read again when they have changed. No thread watches them: whoever uses what is in
 * them asks, and they are looked at once a second at most. A symbolic link that leads to another
 * file is a change, which is how Kubernetes renews a secret. Thread-safe.
 */
final class ChangingFiles {
  static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final List<Path> files;
  private final LongSupplier clock;
  private final AtomicLong nextLook;
  private volatile List<Optional<Stamp>> seen;

  /** What tells one content of a file from the next. */
  private record Stamp(@Nullable Object file, FileTime modified, long size) {}

  /** Files that are about to be read for the first time. */
  ChangingFiles(List<Path> files) {
    this(files, System::nanoTime);
  }

  ChangingFiles(List<Path> files, LongSupplier nanoTime) {
    this.files = files;
    this.clock = nanoTime;
    this.nextLook = new AtomicLong(nanoTime.getAsLong() + PAUSE_NANOS);
    this.seen = look();
  }

  /** Whether they have changed and are to be read; true for one caller after each change. */
  boolean areNew() {
    long now = clock.getAsLong();
    long due = nextLook.get();
    if (now - due < 0 || !nextLook.compareAndSet(due, now + PAUSE_NANOS)) {
      return false;
    }
    List<Optional<Stamp>> stamps = look();
    boolean changed = !stamps.equals(seen);
    seen = stamps;
    return changed;
  }

  private List<Optional<Stamp>> look() {
    return files.stream().map(ChangingFiles::stamp).toList();
  }

  /** None for a file that is not there. */
  private static Optional<Stamp> stamp(Path file) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return Optional.of(
          new Stamp(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
