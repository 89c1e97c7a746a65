package dev.skiff.image.prune;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * Prunes ONNX Runtime's CUDA provider: keeps the code that the chosen devices run, and drops the
 * libraries that it is linked to and never uses. The same input gives the same bytes, and a pruned
 * file pruned again its own.
 */
@Command(
    name = "prune",
    mixinStandardHelpOptions = true,
    description =
        "Makes ONNX Runtime's CUDA provider smaller: keeps the code of the chosen devices.",
    footer = {
      "",
      "A device runs code for its own major version and a minor up to its own; of what fits it takes"
          + " the highest. So 80 makes a file for devices of 8.0, 8.6 and 8.9, of code for 8.0; 86"
          + " makes one for 8.6 and 8.9, of the code that is best on 8.6; 90 makes none for 12.0."
          + " Code for sm_90a and the like suits devices of that very version alone. A device without"
          + " code fails with 'no kernel image is available'.%n"
    })
@SuppressWarnings("NullAway.Init") // picocli sets the fields
public final class Prune implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "PROVIDER",
      description = "libonnxruntime_providers_cuda.so; it is never changed.")
  private Path in;

  @Parameters(index = "1", arity = "0..1", paramLabel = "OUT", description = "A new file.")
  private @Nullable Path out;

  @Option(
      names = "--architectures",
      paramLabel = "LIST",
      defaultValue = "all",
      converter = ArchitecturesConverter.class,
      description = "The devices to serve, by compute capability: 80,90. By default all.")
  private Architectures architectures;

  @Option(
      names = "--recompress",
      paramLabel = "zstd",
      description =
          "Compresses what is kept by zstd instead of LZ4, which takes minutes and saves a third of"
              + " the file or more. NVIDIA's drivers read that from R570 (CUDA 12.8) on. Not yet seen on a GPU.")
  private @Nullable Recompression recompression;

  @Option(
      names = "--list",
      description = "Lists the architectures of PROVIDER, and writes no file.")
  private boolean list;

  @Spec private CommandSpec spec;

  /** Runs the tool. Exit code 2 and one line when it refuses, 1 when it fails. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Prune())
        .setParameterExceptionHandler(
            (refusal, _) -> {
              refusal.getCommandLine().getErr().println("prune: " + refusal.getMessage());
              return CommandLine.ExitCode.USAGE;
            });
  }

  @Override
  public Integer call() throws IOException {
    if (list == (out != null)) {
      throw refusal("give either OUT, the file to write, or --list");
    }
    if (!Files.isRegularFile(in)) {
      throw refusal(in + " is not a file");
    }
    try (var arena = Arena.ofShared()) {
      Provider provider = read(in, arena);
      if (out == null) {
        list(provider);
      } else {
        prune(provider, out, arena);
      }
    } catch (Refusal e) {
      throw refusal(in + " " + e.getMessage());
    }
    return CommandLine.ExitCode.OK;
  }

  private void prune(Provider provider, Path target, Arena arena) throws IOException {
    Path folder = target.toAbsolutePath().getParent();
    if (Files.exists(target) || folder == null || !Files.isDirectory(folder)) {
      throw refusal(target + " is there already, or its folder is not");
    }
    architectures.checkServed(fatbins(provider));
    UnaryOperator<MemorySegment> encoding =
        recompression == null
            ? UnaryOperator.identity()
            : entry -> Compression.recompress(entry, arena);
    var compaction = new Compaction(provider, architectures, encoding);
    Path part = Files.createTempFile(folder, target.getFileName() + ".", ".part");
    try {
      try (var channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
        compaction.write(channel);
      }
      Provider pruned = read(part, arena);
      new Verification(provider, pruned, architectures).run();
      Files.setPosixFilePermissions(part, Files.getPosixFilePermissions(in));
      Files.setLastModifiedTime(part, Files.getLastModifiedTime(in));
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      compare(provider, pruned);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /** Maps the file into memory: it is larger than the heap may be. */
  private static Provider read(Path file, Arena arena) throws IOException {
    try (var channel = FileChannel.open(file)) {
      return new Provider(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    }
  }

  private void list(Provider provider) {
    PrintWriter writer = spec.commandLine().getOut();
    writer.printf("%9s  MB%n", "");
    bytesByArchitecture(provider)
        .forEach((architecture, bytes) -> writer.println(mb(bytes) + "  " + architecture));
    writer.println(mb(provider.elf().file().byteSize()) + "  total");
  }

  private void compare(Provider before, Provider after) {
    PrintWriter writer = spec.commandLine().getOut();
    SortedMap<Architecture, Long> kept = bytesByArchitecture(after);
    writer.printf("%9s %9s  MB%n", "before", "after");
    bytesByArchitecture(before)
        .forEach(
            (architecture, bytes) ->
                writer.println(
                    mb(bytes)
                        + " "
                        + mb(kept.getOrDefault(architecture, 0L))
                        + "  "
                        + architecture));
    writer.println(
        mb(before.elf().file().byteSize()) + " " + mb(after.elf().file().byteSize()) + "  total");
    before.dynamic().unneeded().forEach(library -> writer.println("no longer needs " + library));
  }

  private static String mb(long bytes) {
    return String.format(Locale.ROOT, "%9.3f", bytes / 1e6);
  }

  private static SortedMap<Architecture, Long> bytesByArchitecture(Provider provider) {
    SortedMap<Architecture, Long> bytes = new TreeMap<>();
    for (Fatbin fatbin : fatbins(provider)) {
      fatbin.entries().forEach(entry -> bytes.merge(entry.architecture(), entry.size(), Long::sum));
    }
    return bytes;
  }

  private static List<Fatbin> fatbins(Provider provider) {
    return provider.modules().stream().map(Provider.Module::fatbin).toList();
  }

  private ParameterException refusal(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** What code can be compressed by anew. */
  enum Recompression {
    ZSTD;

    @Override
    public String toString() {
      return "zstd";
    }
  }

  /** Makes picocli tell the user what a converter expected. */
  static final class ArchitecturesConverter implements ITypeConverter<Architectures> {
    @Override
    public Architectures convert(String value) {
      try {
        return Architectures.parse(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
