package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChangingFilesTest {
  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);

  @TempDir Path folder;

  @Test
  void looksOnceASecondAndTellsOneCaller() throws IOException {
    Path file = Files.writeString(folder.resolve("a"), "1");
    ChangingFiles files = new ChangingFiles(List.of(file), clock::get);
    Files.writeString(file, "22");
    assertThat(files.areNew()).as("within the first second").isFalse();
    clock.addAndGet(ChangingFiles.PAUSE_NANOS);
    assertThat(files.areNew()).isTrue();
    assertThat(files.areNew()).isFalse();

    Files.writeString(file, "333");
    clock.addAndGet(ChangingFiles.PAUSE_NANOS - 1);
    assertThat(files.areNew()).isFalse();
    clock.incrementAndGet();
    assertThat(files.areNew()).isTrue();
    assertNothingNew(files);
  }

  @Test
  void aLinkThatLeadsElsewhereIsAChange() throws IOException {
    // As Kubernetes mounts a secret: name -> ..data/name, ..data -> a folder, which is swapped.
    Path first = Files.createDirectory(folder.resolve("..1"));
    Path second = Files.createDirectory(folder.resolve("..2"));
    Files.writeString(first.resolve("keys"), "same");
    Files.copy(first.resolve("keys"), second.resolve("keys"), StandardCopyOption.COPY_ATTRIBUTES);
    Path data = Files.createSymbolicLink(folder.resolve("..data"), Path.of("..1"));
    Path keys = Files.createSymbolicLink(folder.resolve("keys"), Path.of("..data/keys"));
    ChangingFiles files = new ChangingFiles(List.of(keys), clock::get);
    assertNothingNew(files);

    Path swap = Files.createSymbolicLink(folder.resolve("..tmp"), Path.of("..2"));
    Files.move(swap, data, StandardCopyOption.ATOMIC_MOVE);
    clock.addAndGet(ChangingFiles.PAUSE_NANOS);
    assertThat(files.areNew()).isTrue();
    assertNothingNew(files);
  }

  @Test
  void oneOfSeveralIsEnoughAndSoIsOneThatGoes() throws IOException {
    Path one = Files.writeString(folder.resolve("one"), "1");
    Path other = folder.resolve("other");
    ChangingFiles files = new ChangingFiles(List.of(one, other), clock::get);
    assertNothingNew(files);
    Files.writeString(other, "1");
    clock.addAndGet(ChangingFiles.PAUSE_NANOS);
    assertThat(files.areNew()).isTrue();
    Files.delete(one);
    clock.addAndGet(ChangingFiles.PAUSE_NANOS);
    assertThat(files.areNew()).isTrue();
    assertNothingNew(files);
  }

  private void assertNothingNew(ChangingFiles files) {
    clock.addAndGet(ChangingFiles.PAUSE_NANOS);
    assertThat(files.areNew()).isFalse();
  }
}
