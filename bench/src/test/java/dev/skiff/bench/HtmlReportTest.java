package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.HdrHistogram.AbstractHistogram;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class HtmlReportTest {
  private static final Machine MACHINE = new Machine("a cpu", 1, "1", 1024, "Linux", "a JVM");

  /** Two measured seconds of one and two requests, after a warm-up of one second. */
  private static Result result(String name) {
    List<AbstractHistogram> seconds = List.of(latencies(100_000), latencies(200_000, 400_000));
    Tally tally = new Tally(seconds, Map.of("503", 7L), Map.of(), 0, 0, 0, 0);
    Settings settings =
        new Settings(
            "http://127.0.0.1/",
            "GET",
            List.of(),
            "",
            0,
            new Loop.Closed(),
            1,
            1,
            new WarmUp.Fixed(1),
            2,
            1);
    Measurement measurement =
        new Measurement(Instant.parse("2026-01-02T03:04:05Z"), List.of(9L), false, tally);
    return Result.of(name, List.of("run", "--name", name), "abc", MACHINE, settings, measurement);
  }

  private static AbstractHistogram latencies(long... nanos) {
    Histogram histogram = new Histogram(3);
    LongStream.of(nanos).forEach(histogram::recordValue);
    return histogram;
  }

  @Test
  void aRunHasARowAndALineInEachPlot() {
    String page = HtmlReport.of(List.of(result("one")));

    assertThat(page)
        .contains("one<td>2<td>200<td>400<td>400<td>400<td>400<td>7</tr>")
        .contains("load tester on cores 1 of a cpu", "commit abc", "skiff-bench run --name one");
    assertThat(page.split("<polyline", -1)).hasSize(1 + 4);
  }

  @Test
  void theRateBeginsWithTheWarmUp() {
    String page = HtmlReport.of(List.of(result("one")));

    // Seconds at -0.5, 0.5 and 1.5, of 9, 1 and 2 requests, on 660 by 225 pixels.
    assertThat(page).contains("points=\"70.0,30.0 400.0,230.0 730.0,205.0\"");
  }

  @Test
  void roundsOfOneNameShareAColour() {
    String page = HtmlReport.of(List.of(result("one"), result("two"), result("one")));

    assertThat(page.split("<polyline stroke=\"#0072b2\"", -1)).hasSize(1 + 8);
    assertThat(page.split("<polyline stroke=\"#d55e00\"", -1)).hasSize(1 + 4);
  }

  @Test
  void namesAreText() {
    assertThat(HtmlReport.of(List.of(result("<b>&\"")))).contains("&lt;b&gt;&amp;&quot;<td>");
  }

  @Test
  void thePageNeedsNothingElse() {
    assertThat(HtmlReport.of(List.of(result("one"))))
        .doesNotContain("<script", "<link", "src=", "url(", "@import");
  }
}
