package dev.skiff.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.HdrHistogram.AbstractHistogram;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResultTest {
  private static final Machine MACHINE =
      new Machine("a cpu", 2, "0-1", 1024, "Linux 6.1", "a JVM 25");

  /** Two seconds and a half, by two workers. */
  private static Result result(Loop loop) {
    Tally one =
        new Tally(
            List.of(seconds(1_000, 2_000), seconds(3_000), seconds(9_000)),
            Map.of("503", 2L),
            Map.of("503", seconds(5_000, 6_000)),
            10,
            20,
            1,
            5_000);
    Tally two =
        new Tally(
            List.of(seconds(4_000), seconds(), seconds()),
            Map.of("503", 1L, "timeout", 1L),
            Map.of("503", seconds(8_000)),
            1,
            2,
            40,
            7_000);
    Measurement measurement =
        new Measurement(
            Instant.parse("2026-01-02T03:04:05Z"), List.of(7L, 8L), false, one.plus(two));
    Settings settings =
        new Settings(
            "http://127.0.0.1/",
            "POST",
            List.of("A: b"),
            "application/json",
            3,
            loop,
            32,
            2,
            new WarmUp.UntilStable(),
            2.5,
            10);
    return Result.of("a name", List.of("run"), "abc", MACHINE, settings, measurement);
  }

  private static AbstractHistogram seconds(long... nanos) {
    Histogram histogram = new Histogram(3);
    LongStream.of(nanos).forEach(histogram::recordValue);
    return histogram;
  }

  @Test
  void addsUpTheWorkers() {
    Result result = result(new Loop.Closed());

    assertThat(result.requests()).isEqualTo(9);
    assertThat(result.successes()).isEqualTo(5);
    assertThat(result.errors()).isEqualTo(Map.of("503", 3L, "timeout", 1L));
    assertThat(result.errorLatency()).isEqualTo(Map.of("503", new Latency(5, 6, 8, 8, 8, 8)));
    assertThat(result.requestsPerSecond()).containsExactly(3L, 1L);
    assertThat(result.meanRequestsPerSecond()).isEqualTo(2);
    assertThat(result.latency().minMicros()).isEqualTo(1);
    assertThat(result.latency().p50Micros()).isEqualTo(3);
    assertThat(result.latency().maxMicros()).isEqualTo(9);
    assertThat(result.percentiles().getFirst()).isEqualTo(new Percentile(0, 1));
    assertThat(result.percentiles().getLast()).isEqualTo(new Percentile(100, 9));
    assertThat(result.p50MicrosPerSecond()).containsExactly(2.0, 3.0);
    assertThat(result.p99MicrosPerSecond()).containsExactly(4.0, 3.0);
    assertThat(result.bytesIn()).isEqualTo(11);
    assertThat(result.bytesOut()).isEqualTo(22);
    assertThat(result.unanswered()).isEqualTo(41);
    assertThat(result.oldestUnansweredMicros()).isEqualTo(7);
  }

  @Test
  void isReadAsItWasWritten(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("made/for/it.json");
    for (Loop loop : List.of(new Loop.Closed(), new Loop.Open(12.5))) {
      result(loop).write(file);
      assertThat(Result.read(file)).containsExactly(result(loop));
    }
  }

  @Test
  void aRowsRunsAreReadWithoutWhatTheRowAdds(@TempDir Path folder) throws IOException {
    Path run = folder.resolve("run.json");
    result(new Loop.Closed()).write(run);
    String more = Files.readString(run).replaceFirst("\\{", "{\"serverCpuMicrosPerRequest\": 1.5,");
    Path row = folder.resolve("row.json");
    Files.writeString(row, "{\"row\": \"x\", \"runs\": [%s, %s]}".formatted(more, more));

    assertThat(Result.read(row))
        .containsExactly(result(new Loop.Closed()), result(new Loop.Closed()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{\"name\": \"x\"}",
        "{\"runs\": []}",
        "{\"runs\": [{\"name\": \"x\"}]}",
        "[1]"
      })
  void refusesAFileThatIsNoResult(String content, @TempDir Path folder) throws IOException {
    Path file = folder.resolve("other.json");
    Files.writeString(file, content);

    assertThatThrownBy(() -> Result.read(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("other.json");
  }

  @Test
  void theTableNamesErrorsAndABacklog() {
    assertThat(Report.of(result(new Loop.Open(1000))))
        .isEqualTo(
            """
            a name     POST http://127.0.0.1/
            load       open loop at 1,000 requests/s, 32 connections, 2.5 s after 2 s of \
            warm-up, NOT stable
            rate       2 requests/s (of a second: 1 to 3)
            latency    min 1  p50 3  p90 9  p99 9  p99.9 9  max 9 us
            requests   5 with 2xx; errors: 503: 3, timeout: 1
            503        min 5  p50 6  p90 8  p99 8  p99.9 8  max 8 us
            bytes      11 in, 22 out
            behind     41 requests had no reply at the end, the oldest for 0 ms
            """);
  }

  @Test
  void aComparisonNotesWhatWasNotAlike() {
    assertThat(
            CompareCommand.text(
                List.of(result(new Loop.Closed())), List.of(result(new Loop.Open(1)))))
        .isEqualTo(
            """
            a name against a name: ratios of B to A
            rate  B is too short to say; 2 against 2 requests/s
            p99   B is too short to say; 9 against 9 us
            note  the settings differ
            note  there were errors
            """);
  }
}
