package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file whose end is not read before this has ended: what reads it lasts as long as a test likes.
 */
public final class Pipe implements AutoCloseable {
  private final Path file;
  private @Nullable OutputStream open;

  private Pipe(Path file) {
    this.file = file;
  }

  /** Makes it; there must be nothing of that name. */
  public static Pipe at(Path file) throws IOException, InterruptedException {
    Process made = new ProcessBuilder("mkfifo", file.toString()).inheritIO().start();
    assertThat(made.waitFor()).isZero();
    return new Pipe(file);
  }

  /**
   * Waits until it is being read. The thread cannot be interrupted meanwhile, so it must not be the
   * one that watches the test's time.
   */
  public void awaitReader() throws IOException {
    open = Files.newOutputStream(file);
  }

  /** Lets whoever reads it come to its end. */
  public void end() throws IOException {
    if (open != null) {
      open.close();
    }
  }

  @Override
  public void close() throws IOException {
    end();
  }
}
