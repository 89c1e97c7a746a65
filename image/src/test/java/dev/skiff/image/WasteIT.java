package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which files of the image the server opens: the image under test plus strace, run as it is in
 * production, from the start through a request of each kind to the end. The kernel names each file
 * that a successful open or exec gave, symbolic links resolved. What the health check's own process
 * opens is not seen; it runs the same Java.
 */
@Tag("image")
class WasteIT {
  private static final Path REPORT = Path.of("../bench/results/waste-cpu.txt");

  private static final String TRACED = "skiff:image-test-traced-" + ProcessHandle.current().pid();

  /** A descriptor that strace shows with its path, or the program of an exec. */
  private static final Pattern OPENED =
      Pattern.compile("(?m)(?: = \\d+<|execve\\(\")(/[^>\"]+)[>\"]");

  /** The kernel opens a program's interpreter by itself, together with the program. */
  private static final Pattern INTERPRETER = Pattern.compile(".*/ld-linux[^/]*\\.so\\.\\d");

  @TempDir private Path temporary;

  @Test
  @Timeout(180)
  void littleOfOursIsNeverOpened() throws Exception {
    SavedImage image = SavedImage.of(ImageUnderTest.name());
    Set<String> opened = opened();
    image.base().stream()
        .flatMap(layer -> layer.files().stream())
        .map(SavedImage.Entry::path)
        .filter(INTERPRETER.asMatchPredicate())
        .forEach(opened::add);
    var waste = new Waste(image, opened);
    Files.createDirectories(REPORT.resolveSibling(""));
    Files.writeString(REPORT, waste.report());
    System.out.println(waste.report());
    Budgets.NEVER_OPENED.check(waste.neverOpenedOfOurs() / 1e6);
  }

  private Set<String> opened() throws Exception {
    buildTraced();
    try (var skiff = new Skiff(TRACED)) {
      skiff.start();
      for (String model : List.of("iris", "digits", "language")) {
        skiff.sample(model);
      }
      for (String path : List.of("/health", "/v2", "/v2/models/iris", "/metrics")) {
        skiff.get(path);
      }
      Docker.run("stop", "--time", "20", skiff.getContainerId());
      Set<String> opened =
          new TreeSet<>(
              OPENED.matcher(skiff.getLogs()).results().map(open -> open.group(1)).toList());
      assertThat(opened).contains("/skiff/jre/bin/java", "/skiff/skiff.jar", "/skiff/app.aot");
      return new HashSet<>(opened);
    } finally {
      Docker.run("image", "rm", TRACED);
    }
  }

  /**
   * strace comes from the package registry of the base, with the libraries that it needs, and runs
   * by their own loader: the image need hold nothing for it. The server stays process 1.
   */
  private void buildTraced() throws Exception {
    String entrypoint = inspect("{{json .Config.Entrypoint}}").substring(1);
    Files.writeString(
        temporary.resolve("Dockerfile"),
        """
        FROM %s AS strace
        RUN apt-get update -q && apt-get install -qy --no-install-recommends strace \
            && mkdir /strace && cp $(which strace) /strace/ \
            && cp $(ldd /strace/strace | grep -o '/[^ ]*' | grep -v :) /strace/ \
            && mv /strace/ld-linux* /strace/ld.so
        FROM %s
        COPY --from=strace /strace /strace
        ENTRYPOINT ["/strace/ld.so", "--library-path", "/strace", "/strace/strace", "--daemonize", \
        "--follow-forks", "--seccomp-bpf", "--decode-fds=path", "--successful-only", \
        "--trace=open,openat,openat2,execve", "--output=/dev/stderr", %s
        """
            .formatted(ImageUnderTest.base(), ImageUnderTest.name(), entrypoint));
    Docker.run("build", "--quiet", "--tag", TRACED, temporary.toString());
  }

  private static String inspect(String template) {
    return Docker.run("image", "inspect", "--format", template, ImageUnderTest.name());
  }
}
