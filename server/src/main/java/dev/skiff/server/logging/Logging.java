package dev.skiff.server.logging;

import dev.skiff.server.config.LogConfig;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.logging.ErrorManager;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Sets the JDK's logging up, which SLF4J ends in: one line an event, to standard output. */
public final class Logging {
  /** Held, because the log manager holds loggers weakly and forgets their levels with them. */
  private static final Logger JETTY = Logger.getLogger("org.eclipse.jetty");

  private static final List<Logger> QUIET =
      List.of(
          Logger.getLogger("io.javalin"),
          Logger.getLogger("io.micrometer"),
          Logger.getLogger("ai.onnxruntime"));

  private Logging() {}

  /** Replaces whatever logging there was. */
  public static void configure(LogConfig config) {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(
        switch (config.level()) {
          case ERROR -> Level.SEVERE;
          case WARN -> Level.WARNING;
          case INFO -> Level.INFO;
          case DEBUG -> Level.FINE;
        });
    if (config.level() != LogConfig.Level.DEBUG) {
      QUIET.forEach(logger -> logger.setLevel(Level.WARNING));
    }
    // Its debugging would show the headers and bodies of requests, API keys among them.
    JETTY.setLevel(Level.WARNING);
    Handler handler = new StandardOutput();
    handler.setFormatter(
        switch (config.format()) {
          case TEXT -> new TextFormat();
          case JSON -> new JsonFormat();
        });
    root.addHandler(handler);
  }

  /** The usual word for one of the JDK's levels. */
  static String level(Level level) {
    if (level.intValue() >= Level.SEVERE.intValue()) {
      return "ERROR";
    }
    if (level.intValue() >= Level.WARNING.intValue()) {
      return "WARN";
    }
    return level.intValue() >= Level.INFO.intValue() ? "INFO" : "DEBUG";
  }

  private static final class StandardOutput extends Handler {
    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);

    @Override
    public void publish(LogRecord event) {
      if (!isLoggable(event)) {
        return;
      }
      Formatter formatter = getFormatter();
      byte[] line = formatter.format(event).getBytes(StandardCharsets.UTF_8);
      try {
        out.write(line);
      } catch (IOException e) {
        reportError("standard output is gone", e, ErrorManager.WRITE_FAILURE);
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
