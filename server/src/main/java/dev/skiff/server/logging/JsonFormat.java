package dev.skiff.server.logging;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * One JSON object a line: time, level, logger, thread, message, and the request if there is one.
 */
final class JsonFormat extends Formatter {

  @Override
  public String format(LogRecord event) {
    StringBuilder line = new StringBuilder(256).append('{');
    field(line, "time", event.getInstant().toString());
    field(line, "level", Logging.level(event.getLevel()));
    field(line, "logger", event.getLoggerName());
    field(line, "thread", Thread.currentThread().getName());
    field(line, "message", formatMessage(event));
    if (LogContext.CURRENT.isBound()) {
      field(line, "request_id", LogContext.CURRENT.get().requestId());
      field(line, "traceparent", LogContext.CURRENT.get().traceparent());
    }
    Throwable thrown = event.getThrown();
    if (thrown != null) {
      StringWriter trace = new StringWriter();
      thrown.printStackTrace(new PrintWriter(trace, true));
      field(line, "exception", trace.toString());
    }
    line.setLength(line.length() - 1);
    return line.append("}\n").toString();
  }

  private static void field(StringBuilder line, String name, @Nullable String value) {
    if (value != null) {
      line.append('"').append(name).append("\":\"");
      line.append(JsonStringEncoder.getInstance().quoteAsString(value)).append("\",");
    }
  }
}
