package dev.skiff.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Results as one page that needs nothing else: a table, and plots of the rate and the latency.
 * Results of the same name are rounds of one thing and share a colour. Pure.
 */
final class HtmlReport {
  /** Told apart by people who see few colours as well (Okabe and Ito). */
  private static final List<String> COLOURS =
      List.of(
          "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777", "#a0522d");

  private static final String HEAD =
      """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <title>skiff-bench</title>
      <style>
      body { font: 14px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
      table { border-collapse: collapse }
      th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd }
      th:first-child, td:first-child { text-align: left }
      svg { width: 100%; font-size: 12px }
      .grid { stroke: #ddd }
      .x { text-anchor: middle } .y { text-anchor: end }
      polyline { fill: none; stroke-width: 1.5 }
      code { overflow-wrap: anywhere }
      </style>
      """;

  private final List<Result> results;
  private final Map<String, String> colours = new LinkedHashMap<>();

  private HtmlReport(List<Result> results) {
    this.results = results;
    for (Result result : results) {
      colours.computeIfAbsent(result.name(), _ -> COLOURS.get(colours.size() % COLOURS.size()));
    }
  }

  /** The page. */
  static String of(List<Result> results) {
    return new HtmlReport(results).page();
  }

  private String page() {
    return HEAD
        + "<h1>Load tests</h1>\n"
        + table()
        + rate().svg()
        + overTime("p50 of each second, microseconds", Result::p50MicrosPerSecond).svg()
        + overTime("p99 of each second, microseconds", Result::p99MicrosPerSecond).svg()
        + distribution().svg()
        + runs()
        + "</html>\n";
  }

  private String table() {
    StringBuilder html = new StringBuilder();
    html.append("<table><tr><th>run<th>requests/s<th>p50 us<th>p90 us<th>p99 us<th>p99.9 us");
    html.append("<th>max us<th>errors</tr>\n");
    for (Result result : results) {
      Latency latency = result.latency();
      html.append(
          String.format(
              Locale.ROOT,
              "<tr><td><b style=\"color: %s\">&#9632;</b> %s<td>%,.0f<td>%,.0f<td>%,.0f<td>%,.0f"
                  + "<td>%,.0f<td>%,.0f<td>%,d</tr>%n",
              colours.get(result.name()),
              Html.escape(result.name()),
              result.meanRequestsPerSecond(),
              latency.p50Micros(),
              latency.p90Micros(),
              latency.p99Micros(),
              latency.p999Micros(),
              latency.maxMicros(),
              result.requests() - result.successes()));
    }
    return html.append("</table>\n").toString();
  }

  /** The warm-up lies before 0. */
  private Plot rate() {
    List<Plot.Line> lines = new ArrayList<>();
    for (Result result : results) {
      List<Long> seconds = new ArrayList<>(result.warmUpRequestsPerSecond());
      int warmUp = seconds.size();
      seconds.addAll(result.requestsPerSecond());
      lines.add(line(result, seconds, -warmUp));
    }
    return overTime("requests/s", lines, new Scale.Linear(0, highest(lines)));
  }

  private Plot overTime(String title, Function<Result, List<Double>> seconds) {
    List<Plot.Line> lines =
        results.stream().map(result -> line(result, seconds.apply(result), 0)).toList();
    return overTime(title, lines, logarithmic(lines));
  }

  private static Plot overTime(String title, List<Plot.Line> lines, Scale y) {
    double first = points(lines).stream().mapToDouble(Plot.Point::x).min().orElse(0);
    double last = points(lines).stream().mapToDouble(Plot.Point::x).max().orElse(0);
    Scale x = new Scale.Linear(first, Math.max(last, first + 1));
    return new Plot(title, "seconds since the measured part began", x, y, lines);
  }

  private Plot distribution() {
    List<Plot.Line> lines =
        results.stream()
            .map(
                result ->
                    new Plot.Line(
                        colour(result),
                        result.percentiles().stream()
                            .map(point -> new Plot.Point(point.percentile(), point.micros()))
                            .toList()))
            .toList();
    return new Plot(
        "latency, microseconds", "percentile", new Scale.Nines(5), logarithmic(lines), lines);
  }

  /** Each value in the middle of its second. */
  private Plot.Line line(Result result, List<? extends Number> seconds, int first) {
    return new Plot.Line(
        colour(result),
        IntStream.range(0, seconds.size())
            .mapToObj(i -> new Plot.Point(first + i + 0.5, seconds.get(i).doubleValue()))
            .toList());
  }

  private String colour(Result result) {
    return colours.getOrDefault(result.name(), "black");
  }

  private static Scale logarithmic(List<Plot.Line> lines) {
    double lowest = points(lines).stream().mapToDouble(Plot.Point::y).min().orElse(1);
    return Scale.Logarithmic.around(Math.max(lowest, 0.1), Math.max(highest(lines), 1));
  }

  private static double highest(List<Plot.Line> lines) {
    return points(lines).stream().mapToDouble(Plot.Point::y).max().orElse(1);
  }

  private static List<Plot.Point> points(List<Plot.Line> lines) {
    return lines.stream().flatMap(line -> line.points().stream()).toList();
  }

  private String runs() {
    StringBuilder html = new StringBuilder("<h2>Runs</h2>\n<dl>\n");
    for (Result result : results) {
      Machine machine = result.machine();
      html.append("<dt>").append(Html.escape(result.name() + ", " + result.time()));
      html.append("<dd>load tester on cores ").append(Html.escape(machine.coreList()));
      html.append(" of ").append(Html.escape(machine.cpu())).append("; ");
      html.append(Html.escape(machine.kernel() + "; " + machine.java()));
      html.append("; commit ").append(Html.escape(result.commit()));
      html.append("<br><code>skiff-bench ");
      html.append(Html.escape(String.join(" ", result.commandLine()))).append("</code>\n");
    }
    return html.append("</dl>\n").toString();
  }
}
