package dev.skiff.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * {@code compare A.json B.json}: whether B is faster or slower than A, or the same. Of rows, which
 * have runs of several names and some of each, those of the same name are compared.
 */
@Command(
    name = "compare",
    description = "Says whether B is faster or slower than A, or the same.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class CompareCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      paramLabel = "A.json",
      description = "A result of run --out, or a row that bench/measure keeps")
  private Path fileA = Path.of("");

  @Parameters(index = "1", paramLabel = "B.json", description = "Another one")
  private Path fileB = Path.of("");

  @Override
  public Integer call() throws IOException {
    System.out.print(text(Result.read(fileA), Result.read(fileB)));
    return 0;
  }

  /**
   * The answer for two runs, or for the runs of each name that both sides have.
   *
   * @throws IllegalArgumentException if there is no such name
   */
  static String text(List<Result> a, List<Result> b) {
    if (a.size() == 1 && b.size() == 1) {
      return alike(a, b);
    }
    Map<String, List<Result>> namesOfA = byName(a);
    Map<String, List<Result>> namesOfB = byName(b);
    namesOfA.keySet().retainAll(namesOfB.keySet());
    if (namesOfA.isEmpty()) {
      throw new IllegalArgumentException("no run of the one file has the name of one of the other");
    }
    return namesOfA.entrySet().stream()
        .map(runs -> alike(runs.getValue(), namesOfB.getOrDefault(runs.getKey(), List.of())))
        .collect(Collectors.joining("\n"));
  }

  private static Map<String, List<Result>> byName(List<Result> runs) {
    return runs.stream()
        .collect(Collectors.groupingBy(Result::name, LinkedHashMap::new, Collectors.toList()));
  }

  /** The answer for runs of one thing, with a note where the two sides were not made alike. */
  private static String alike(List<Result> a, List<Result> b) {
    Comparison rate =
        Comparison.ofRates(each(a, Result::requestsPerSecond), each(b, Result::requestsPerSecond));
    Comparison p99 =
        Comparison.ofLatencies(
            each(a, Result::p99MicrosPerSecond), each(b, Result::p99MicrosPerSecond));
    StringBuilder text = new StringBuilder();
    text.append(
        "%s against %s: ratios of B to A".formatted(b.getFirst().name(), a.getFirst().name()));
    text.append(
        a.size() + b.size() == 2 ? "\n" : ", %d and %d runs\n".formatted(b.size(), a.size()));
    text.append(
        String.format(
            Locale.ROOT,
            "rate  B is %s; %,.0f against %,.0f requests/s%n",
            rate,
            mean(b, Result::meanRequestsPerSecond),
            mean(a, Result::meanRequestsPerSecond)));
    text.append(
        String.format(
            Locale.ROOT,
            "p99   B is %s; %,.0f against %,.0f us%n",
            p99,
            mean(b, result -> result.latency().p99Micros()),
            mean(a, result -> result.latency().p99Micros())));
    note(text, differ(a, b, Result::machine), "the machines or their cores differ");
    note(text, differ(a, b, Result::settings), "the settings differ");
    note(
        text,
        Stream.of(a, b).flatMap(List::stream).anyMatch(run -> !run.errors().isEmpty()),
        "there were errors");
    return text.toString();
  }

  private static <T> List<T> each(List<Result> runs, Function<Result, T> part) {
    return runs.stream().map(part).toList();
  }

  private static double mean(List<Result> runs, ToDoubleFunction<Result> part) {
    return runs.stream().mapToDouble(part).average().orElse(Double.NaN);
  }

  private static boolean differ(List<Result> a, List<Result> b, Function<Result, ?> part) {
    return !Set.copyOf(each(a, part)).equals(Set.copyOf(each(b, part)));
  }

  private static void note(StringBuilder text, boolean applies, String what) {
    if (applies) {
      text.append("note  ").append(what).append('\n');
    }
  }
}
