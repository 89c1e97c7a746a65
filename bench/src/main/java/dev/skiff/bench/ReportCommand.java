package dev.skiff.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code report}: results as one HTML page. */
@Command(
    name = "report",
    description = "Draws results as one HTML page with nothing outside of it.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class ReportCommand implements Callable<Integer> {
  @Parameters(
      arity = "1..*",
      paramLabel = "RESULT.json",
      description =
          "Results of run --out, or rows that bench/measure keeps; runs of the same name"
              + " share a colour")
  private List<Path> files = List.of();

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "The page")
  private Path out = Path.of("");

  @Override
  public Integer call() throws IOException {
    List<Result> results = new ArrayList<>();
    for (Path file : files) {
      results.addAll(Result.read(file));
    }
    Files.writeString(out, HtmlReport.of(results));
    return 0;
  }
}
