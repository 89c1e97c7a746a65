package dev.skiff.server.logging;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FormatTest {
  private static final Formatter TEXT = new TextFormat();
  private static final Formatter JSON = new JsonFormat();
  private static final String TRACEPARENT =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  @Test
  void aLineOfText() {
    assertThat(TEXT.format(event(Level.INFO, "ready", null)))
        .isEqualTo("2026-11-21T06:14:44.123Z INFO  ready\n");
  }

  @Test
  void aFullSecondHasItsMillisecondsToo() {
    LogRecord event = event(Level.INFO, "ready", null);
    event.setInstant(Instant.parse("2026-11-21T06:14:44Z"));
    assertThat(TEXT.format(event)).startsWith("2026-11-21T06:14:44.000Z INFO");
  }

  @ParameterizedTest
  @CsvSource({"SEVERE,ERROR", "WARNING,WARN", "INFO,INFO", "CONFIG,DEBUG", "FINE,DEBUG"})
  void levelsHaveTheirUsualNames(String level, String expected) throws JsonProcessingException {
    LogRecord event = event(Level.parse(level), "x", null);
    assertThat(TEXT.format(event)).contains(" " + expected + " ");
    assertThat(json(event).path("level").textValue()).isEqualTo(expected);
  }

  @Test
  void aLineOfTextNamesTheRequest() {
    assertThat(inRequest(TRACEPARENT, TEXT, event(Level.WARNING, "answered", null)))
        .isEqualTo("2026-11-21T06:14:44.123Z WARN  answered [request-7]\n");
  }

  /** Messages quote what clients sent: nobody writes a line that looks like ours. */
  @Test
  void aLineOfTextIsOneLine() {
    LogRecord event = event(Level.INFO, "no input 'a\n2026-11-21 INFO b\r\0\033[31m\u009b'", null);
    assertThat(TEXT.format(event))
        .isEqualTo("2026-11-21T06:14:44.123Z INFO  no input 'a?2026-11-21 INFO b???[31m?'\n");
  }

  @Test
  void theStackTraceFollowsALineOfText() {
    assertThat(TEXT.format(event(Level.SEVERE, "failed", failure())).lines())
        .startsWith(
            "2026-11-21T06:14:44.123Z ERROR failed", "java.lang.IllegalStateException: \"why\"")
        .anyMatch(line -> line.startsWith("\tat " + FormatTest.class.getName()))
        .contains("Caused by: java.lang.IllegalArgumentException: cause");
  }

  @Test
  void aLineOfJson() throws JsonProcessingException {
    LogRecord event = event(Level.INFO, "ready", null);
    assertThat(JSON.format(event)).startsWith("{").endsWith("}\n").hasLineCount(1);
    JsonNode line = json(event);
    assertThat(line.propertyStream().map(entry -> entry.getKey()))
        .containsExactly("time", "level", "logger", "thread", "message");
    assertThat(line.path("time").textValue()).isEqualTo("2026-11-21T06:14:44.123456789Z");
    assertThat(line.path("logger").textValue()).isEqualTo("dev.skiff.Test");
    assertThat(line.path("thread").textValue()).isEqualTo(Thread.currentThread().getName());
    assertThat(line.path("message").textValue()).isEqualTo("ready");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "say \"hi\"",
        "a\nb\r\nc\td",
        "C:\\models",
        "\0\033[31m",
        "zwölf 🚣",
        "\u2028"
      })
  void jsonHoldsEveryMessageInOneLine(String message) throws JsonProcessingException {
    LogRecord event = event(Level.INFO, message, null);
    assertThat(json(event).path("message").textValue()).isEqualTo(message);
    assertThat(JSON.format(event).chars().filter(c -> c == '\n' || c == '\r').count()).isOne();
  }

  @Test
  void aLineOfJsonNamesTheRequestAndItsTrace() throws JsonProcessingException {
    LogRecord event = event(Level.INFO, "answered", null);
    JsonNode line = parse(inRequest(TRACEPARENT, JSON, event));
    assertThat(line.path("request_id").textValue()).isEqualTo("request-7");
    assertThat(line.path("traceparent").textValue()).isEqualTo(TRACEPARENT);
    assertThat(parse(inRequest(null, JSON, event)).has("traceparent")).isFalse();
  }

  @Test
  void theStackTraceIsAFieldOfJson() throws JsonProcessingException {
    JsonNode line = json(event(Level.SEVERE, "failed", failure()));
    assertThat(line.path("exception").textValue().lines())
        .startsWith("java.lang.IllegalStateException: \"why\"")
        .contains("Caused by: java.lang.IllegalArgumentException: cause");
  }

  private static LogRecord event(Level level, String message, @Nullable Throwable thrown) {
    LogRecord event = new LogRecord(level, message);
    event.setInstant(Instant.parse("2026-11-21T06:14:44.123456789Z"));
    event.setLoggerName("dev.skiff.Test");
    event.setThrown(thrown);
    return event;
  }

  private static Throwable failure() {
    return new IllegalStateException("\"why\"", new IllegalArgumentException("cause"));
  }

  private static String inRequest(@Nullable String traceparent, Formatter format, LogRecord event) {
    return ScopedValue.where(LogContext.CURRENT, new LogContext("request-7", traceparent))
        .call(() -> format.format(event));
  }

  private static JsonNode json(LogRecord event) throws JsonProcessingException {
    return parse(JSON.format(event));
  }

  private static JsonNode parse(String line) throws JsonProcessingException {
    return new ObjectMapper().readTree(line);
  }
}
