package dev.skiff.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code compare A.json B.json}: whether B is faster or slower than A, or the same. */
@Command(
    name = "compare",
    description = "Says whether B is faster or slower than A, or the same.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class CompareCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "A.json", description = "A result of run --out")
  private Path fileA = Path.of("");

  @Parameters(index = "1", paramLabel = "B.json", description = "Another one")
  private Path fileB = Path.of("");

  @Override
  public Integer call() throws IOException {
    System.out.print(text(Result.read(fileA), Result.read(fileB)));
    return 0;
  }

  /** The answer, with a note where the two runs were not made alike. */
  static String text(Result a, Result b) {
    Comparison rate = Comparison.ofRates(a.requestsPerSecond(), b.requestsPerSecond());
    Comparison p99 = Comparison.ofLatencies(a.p99MicrosPerSecond(), b.p99MicrosPerSecond());
    StringBuilder text = new StringBuilder();
    text.append("%s against %s: ratios of B to A\n".formatted(b.name(), a.name()));
    text.append(
        String.format(
            Locale.ROOT,
            "rate  B is %s; %,.0f against %,.0f requests/s%n",
            rate,
            b.meanRequestsPerSecond(),
            a.meanRequestsPerSecond()));
    text.append(
        String.format(
            Locale.ROOT,
            "p99   B is %s; %,.0f against %,.0f us%n",
            p99,
            b.latency().p99Micros(),
            a.latency().p99Micros()));
    note(text, !a.machine().equals(b.machine()), "the machines or their cores differ");
    note(text, !a.settings().equals(b.settings()), "the settings differ");
    note(text, !a.errors().isEmpty() || !b.errors().isEmpty(), "there were errors");
    return text.toString();
  }

  private static void note(StringBuilder text, boolean applies, String what) {
    if (applies) {
      text.append("note  ").append(what).append('\n');
    }
  }
}
