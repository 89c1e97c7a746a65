package dev.skiff.server.logging;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import java.util.regex.Pattern;

/** {@code 2026-11-21T06:14:44.123Z INFO message [request-id]}, and a stack trace below it. */
final class TextFormat extends Formatter {
  /** A name from a request may hold a line break; it must not look like a line of ours. */
  private static final Pattern CONTROL = Pattern.compile("\\p{Cc}");

  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter(Locale.ROOT);

  @Override
  public String format(LogRecord event) {
    StringWriter line = new StringWriter();
    TIME.formatTo(event.getInstant(), line);
    line.append(' ');
    line.append("%-5s".formatted(Logging.level(event.getLevel())));
    line.append(' ');
    line.append(CONTROL.matcher(String.valueOf(formatMessage(event))).replaceAll("?"));
    if (LogContext.CURRENT.isBound()) {
      line.append(" [").append(LogContext.CURRENT.get().requestId()).append(']');
    }
    line.append('\n');
    Throwable thrown = event.getThrown();
    if (thrown != null) {
      thrown.printStackTrace(new PrintWriter(line, true));
    }
    return line.toString();
  }
}
