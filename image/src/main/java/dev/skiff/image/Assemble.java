package dev.skiff.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.TimeZone;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Turns the folder that the server module builds (skiff.jar, lib/*.jar) into the layout of an image
 * (skiff.jar, lib/*.jar, native/*.so). The same input gives the same bytes, modes and file times.
 */
@Command(name = "assemble", description = "Lays out the server's files as they go into an image.")
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class Assemble implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "FOLDER", description = "Holds skiff.jar and lib/*.jar.")
  private Path folder;

  @Parameters(index = "1", paramLabel = "OUT", description = "A folder that is new or empty.")
  private Path out;

  @Option(
      names = "--platform",
      defaultValue = "linux-x64",
      description = "${COMPLETION-CANDIDATES}; by default ${DEFAULT-VALUE}.")
  private Platform platform;

  @Option(
      names = "--providers",
      paramLabel = "NAME",
      split = ",",
      description =
          "Execution providers with a library of their own that come along: cuda, tensorrt.")
  private List<String> providers = List.of();

  @Option(
      names = "--time",
      paramLabel = "SECONDS",
      defaultValue = "${env:SOURCE_DATE_EPOCH}",
      description = "The time of every file; by default the newest in any of the jars.")
  private @Nullable Long seconds;

  @Spec private CommandSpec spec;

  /** Runs the tool. Exit code 2 and one line when it refuses, 1 when it fails. */
  public static void main(String[] args) {
    // The times in a jar have no zone; read as UTC they are the same on every machine.
    TimeZone.setDefault(TimeZone.getTimeZone(ZoneOffset.UTC));
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Assemble())
        .setParameterExceptionHandler(
            (refusal, _) -> {
              refusal.getCommandLine().getErr().println("assemble: " + refusal.getMessage());
              return CommandLine.ExitCode.USAGE;
            });
  }

  @Override
  public Integer call() throws IOException {
    Path application = folder.resolve("skiff.jar");
    if (!Files.isRegularFile(application) || !Files.isDirectory(folder.resolve("lib"))) {
      throw refusal(folder + " does not hold skiff.jar and lib");
    }
    if (Files.exists(out) && !(Files.isDirectory(out) && list(out).isEmpty())) {
      throw refusal(out + " is not an empty folder");
    }
    List<Path> jars = new ArrayList<>(list(folder.resolve("lib")));
    jars.removeIf(file -> !file.toString().endsWith(".jar"));
    jars.add(application);
    List<Path> runtimes = new ArrayList<>();
    List<FileTime> times = new ArrayList<>();
    for (Path file : jars) {
      try (var jar = new Jar(file)) {
        times.add(jar.newest());
        if (jar.isOnnxRuntime()) {
          runtimes.add(file);
        }
      } catch (ZipException e) {
        throw refusal(file + " is not a jar (" + e + ")");
      }
    }
    if (runtimes.size() != 1) {
      throw refusal(folder + "/lib must have one onnxruntime jar but has " + runtimes);
    }
    FileTime time =
        seconds == null ? Collections.max(times) : FileTime.from(seconds, TimeUnit.SECONDS);
    print(write(jars, runtimes.getFirst(), new Layout(out, time)));
    return CommandLine.ExitCode.OK;
  }

  private List<Layout.Item> write(List<Path> jars, Path runtime, Layout layout) throws IOException {
    try (var runtimeJar = new Jar(runtime)) {
      var natives = runtimeJar.natives(platform, providers);
      if (!natives.keySet().containsAll(Jar.nativesNeeded(providers))) {
        throw refusal(runtime + " lacks natives for " + platform + ": it has " + natives.keySet());
      }
      for (Path jar : jars) {
        layout.add(
            folder.relativize(jar).toString(),
            Files.size(jar),
            jar.equals(runtime) ? runtimeJar::writeWithoutNatives : to -> Files.copy(jar, to));
      }
      for (var entry : natives.entrySet()) {
        layout.add("native/" + entry.getKey(), 0, to -> runtimeJar.extract(entry.getValue(), to));
      }
    }
    return layout.finish();
  }

  private void print(List<Layout.Item> items) {
    long before = items.stream().mapToLong(Layout.Item::before).sum();
    long after = items.stream().mapToLong(Layout.Item::after).sum();
    List<Layout.Item> rows = new ArrayList<>(items);
    rows.add(new Layout.Item("total", before, after));
    var writer = spec.commandLine().getOut();
    writer.printf("%9s %9s  MB%n", "before", "after");
    for (Layout.Item row : rows) {
      writer.printf(
          Locale.ROOT, "%9.3f %9.3f  %s%n", row.before() / 1e6, row.after() / 1e6, row.name());
    }
  }

  private ParameterException refusal(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private static List<Path> list(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }
}
