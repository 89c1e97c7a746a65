package dev.skiff.image.prune;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The tool, called as from a shell, on a file in a folder of its own. */
final class PruneCommand {
  private final Path folder;
  private final StringWriter printed = new StringWriter();
  private final StringWriter errors = new StringWriter();

  PruneCommand(Path folder) {
    this.folder = folder;
  }

  /** Makes the file that is to be pruned. */
  Path provider(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("provider.so"), bytes);
  }

  /** Where the pruned file goes. */
  Path out() {
    return folder.resolve("out.so");
  }

  int run(Object... arguments) {
    List<String> texts = new ArrayList<>();
    for (Object argument : arguments) {
      texts.add(argument.toString());
    }
    return Prune.commandLine()
        .setOut(new PrintWriter(printed))
        .setErr(new PrintWriter(errors))
        .execute(texts.toArray(String[]::new));
  }

  /** What became of a library that was pruned for these devices. */
  byte[] prune(byte[] provider, String devices, Object... options) throws IOException {
    List<Object> arguments = new ArrayList<>(List.of(options));
    arguments.addAll(List.of("--architectures", devices, provider(provider), out()));
    assertThat(run(arguments.toArray())).as(errors.toString()).isZero();
    byte[] pruned = Files.readAllBytes(out());
    Files.delete(out());
    return pruned;
  }

  /** Asserts that a library is not pruned, and stays as it is. */
  void refuses(byte[] provider, String devices, String reason) throws IOException {
    Path in = provider(provider);
    refuses(reason, "--architectures", devices, in, out());
    assertThat(in).hasBinaryContent(provider);
  }

  /** Asserts that the command is refused, with one line, and no other file is there than was. */
  void refuses(String reason, Object... arguments) throws IOException {
    List<String> before = files();
    errors.getBuffer().setLength(0);
    assertThat(run(arguments)).isEqualTo(2);
    assertThat(errors.toString()).startsWith("prune: ").contains(reason);
    assertThat(errors.toString().lines()).hasSize(1);
    assertThat(files()).isEqualTo(before);
  }

  String printed() {
    return printed.toString();
  }

  /** The names of the files in the folder. */
  List<String> files() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
