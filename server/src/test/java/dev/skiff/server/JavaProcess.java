package dev.skiff.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A JVM of its own, started on this JVM's Java. Of this JVM's environment it gets nothing that
 * would change it: no settings of Skiff's, no options for Java, and telemetry of ONNX Runtime's is
 * not turned off. Closing it kills it, if it still runs.
 */
public final class JavaProcess implements AutoCloseable {
  /** A start takes two seconds of CPU, of which a busy machine may give it a tenth. */
  private static final long PATIENCE_SECONDS = 240;

  /** ONNX Runtime knows continuous integration by these and sends nothing from there. */
  private static final Set<String> TELEMETRY_IS_OFF_IN =
      Set.of(
          "CI",
          "TF_BUILD",
          "GITHUB_ACTIONS",
          "GITLAB_CI",
          "TRAVIS",
          "JENKINS_URL",
          "CODEBUILD_BUILD_ID",
          "TEAMCITY_VERSION",
          "APPVEYOR");

  private static final long SIGINT_BIT = 1L << (2 - 1);

  private final Process process;
  private final Lines out;
  private final Lines err;

  private JavaProcess(Process process) {
    this.process = process;
    out = new Lines(process.getInputStream());
    err = new Lines(process.getErrorStream());
  }

  /**
   * Starts it.
   *
   * @param environment variables to add
   * @param arguments what follows {@code java} on the command line
   */
  public static JavaProcess start(Map<String, String> environment, List<String> arguments)
      throws IOException {
    return start(environment, arguments, Redirect.PIPE);
  }

  /** The same, with its standard output somewhere else. */
  public static JavaProcess start(
      Map<String, String> environment, List<String> arguments, Redirect out) throws IOException {
    List<String> command = new ArrayList<>();
    if (ignoresInterrupts()) {
      command.addAll(List.of("env", "--default-signal=INT"));
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out);
    builder
        .environment()
        .keySet()
        .removeIf(
            name ->
                name.startsWith("SKIFF_")
                    || name.equals("ORT_DISABLE_TELEMETRY")
                    || TELEMETRY_IS_OFF_IN.contains(name)
                    || name.equals("JAVA_TOOL_OPTIONS")
                    || name.equals("JDK_JAVA_OPTIONS"));
    builder.environment().putAll(environment);
    return new JavaProcess(builder.start());
  }

  /**
   * Whether this JVM was started with SIGINT ignored, as shells start what runs in the background.
   * Its children inherit that, and a JVM honours it.
   */
  private static boolean ignoresInterrupts() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("SigIgn:")) {
        return (Long.parseUnsignedLong(line.substring(7).strip(), 16) & SIGINT_BIT) != 0;
      }
    }
    return false;
  }

  /** The first line on standard output that is wanted, as soon as it is there. */
  public String awaitOut(Predicate<String> wanted) throws InterruptedException {
    return out.await(wanted);
  }

  /** The exit code, once it is there: 128 and the signal's number, if it died of a signal. */
  public int awaitExit() throws InterruptedException {
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("still running after " + PATIENCE_SECONDS + " s\n" + this);
    }
    out.awaitEnd();
    err.awaitEnd();
    return process.exitValue();
  }

  /** The lines on standard output so far; all of them after {@link #awaitExit}. */
  public List<String> out() {
    return out.soFar();
  }

  /** The lines on standard error so far; all of them after {@link #awaitExit}. */
  public List<String> err() {
    return err.soFar();
  }

  /** Sends it a signal, such as TERM. */
  public void signal(String name) throws IOException, InterruptedException {
    String pid = Long.toString(process.pid());
    int failed = new ProcessBuilder("kill", "-" + name, pid).inheritIO().start().waitFor();
    if (failed != 0) {
      throw new AssertionError("kill -" + name + " " + pid + " gave " + failed);
    }
  }

  /** The memory that it has of the machine's, in KiB. */
  public long residentKib() throws IOException {
    return kib("VmRSS:");
  }

  /** The most that it ever had of it, in KiB. */
  public long peakKib() throws IOException {
    return kib("VmHWM:");
  }

  private long kib(String field) throws IOException {
    for (String line :
        Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
      if (line.startsWith(field)) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new AssertionError("it has ended\n" + this);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  @Override
  public String toString() {
    return "standard output:\n%s\nstandard error:\n%s"
        .formatted(String.join("\n", out()), String.join("\n", err()));
  }

  /** The lines of a stream, read by a thread of their own. */
  private static final class Lines {
    private final List<String> lines = new ArrayList<>();
    private boolean ended;

    Lines(InputStream stream) {
      Thread.ofVirtual().start(() -> read(stream));
    }

    private void read(InputStream stream) {
      try (BufferedReader reader =
          new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          add(line);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } finally {
        end();
      }
    }

    private synchronized void add(String line) {
      lines.add(line);
      notifyAll();
    }

    private synchronized void end() {
      ended = true;
      notifyAll();
    }

    synchronized List<String> soFar() {
      return List.copyOf(lines);
    }

    synchronized String await(Predicate<String> wanted) throws InterruptedException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      int next = 0;
      while (true) {
        for (; next < lines.size(); next++) {
          if (wanted.test(lines.get(next))) {
            return lines.get(next);
          }
        }
        wait(millis(end));
      }
    }

    synchronized void awaitEnd() throws InterruptedException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (!ended) {
        wait(millis(end));
      }
    }

    /** What is left of the time to wait. */
    private synchronized long millis(long end) {
      long millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      if (ended || millis <= 0) {
        throw new AssertionError("it did not come; there was\n" + String.join("\n", lines));
      }
      return millis;
    }
  }
}
