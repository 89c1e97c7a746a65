package dev.skiff.bench;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A result as a short table for people. Pure. */
final class Report {
  private Report() {}

  static String of(Result result) {
    Settings settings = result.settings();
    StringBuilder text = new StringBuilder();
    line(text, result.name(), settings.method() + " " + settings.url());
    line(text, "load", load(result));
    line(text, "rate", rate(result));
    line(text, "latency", result.latency().toString());
    line(text, "requests", number(result.successes()) + " with 2xx; errors: " + errors(result));
    result.errorLatency().forEach((kind, latency) -> line(text, kind, latency.toString()));
    line(text, "bytes", number(result.bytesIn()) + " in, " + number(result.bytesOut()) + " out");
    if (result.unanswered() > settings.connections()) {
      line(text, "behind", behind(result));
    }
    return text.toString();
  }

  private static String load(Result result) {
    Settings settings = result.settings();
    return String.format(
        Locale.ROOT,
        "%s, %d connections, %s s after %s",
        loop(settings.loop()),
        settings.connections(),
        settings.durationSeconds(),
        warmUp(result));
  }

  private static String loop(Loop loop) {
    return switch (loop) {
      case Loop.Closed() -> "closed loop";
      case Loop.Open(double rate) ->
          String.format(Locale.ROOT, "open loop at %,.0f requests/s", rate);
    };
  }

  private static String warmUp(Result result) {
    return switch (result.settings().warmUp()) {
      case WarmUp.Fixed(double seconds) -> seconds + " s of warm-up";
      case WarmUp.UntilStable() ->
          result.warmUpRequestsPerSecond().size()
              + " s of warm-up"
              + (result.warmUpStable() ? ", stable" : ", NOT stable");
    };
  }

  private static String rate(Result result) {
    String mean = String.format(Locale.ROOT, "%,.0f requests/s", result.meanRequestsPerSecond());
    List<Long> seconds = result.requestsPerSecond().stream().sorted().toList();
    return seconds.isEmpty()
        ? mean
        : String.format(
            Locale.ROOT,
            "%s (of a second: %,d to %,d)",
            mean,
            seconds.getFirst(),
            seconds.getLast());
  }

  private static String behind(Result result) {
    return String.format(
        Locale.ROOT,
        "%,d requests had no reply at the end, the oldest for %,.0f ms",
        result.unanswered(),
        result.oldestUnansweredMicros() / 1000);
  }

  private static String errors(Result result) {
    return result.errors().isEmpty()
        ? "none"
        : result.errors().entrySet().stream()
            .map(error -> error.getKey() + ": " + number(error.getValue()))
            .collect(Collectors.joining(", "));
  }

  private static String number(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static void line(StringBuilder text, String label, String value) {
    text.append(String.format(Locale.ROOT, "%-10s ", label)).append(value).append('\n');
  }
}
