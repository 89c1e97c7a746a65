package dev.skiff.bench;

import java.io.Console;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code run}: one load test. Exits with 1 where not a single request succeeded. */
@Command(
    name = "run",
    description = "Measures one request against one server.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false)
final class RunCommand implements Callable<Integer> {
  /** How long a server may take to start. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final List<String> commandLine;

  @Option(
      names = "--url",
      required = true,
      paramLabel = "URL",
      description = "http://host:port/path")
  private URI url = URI.create("");

  @Option(
      names = "--method",
      paramLabel = "METHOD",
      description = "POST where there is a body, else GET")
  private String method = "";

  @Option(names = "--body", paramLabel = "FILE", description = "The request body")
  private @Nullable Path body;

  @Option(
      names = "--content-type",
      paramLabel = "TYPE",
      description = "Content-Type of the body (${DEFAULT-VALUE})")
  private String contentType = "application/json";

  @Option(
      names = "--header",
      paramLabel = "LINE",
      description = "'Name: value'; may be repeated. It is kept in the result, so no secrets")
  private List<String> headers = List.of();

  @Option(
      names = "--connections",
      paramLabel = "N",
      description = "Open connections (${DEFAULT-VALUE})")
  private int connections = 32;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads that share the connections (${DEFAULT-VALUE})")
  private int threads = 1;

  @Option(
      names = "--rate",
      paramLabel = "R",
      description = "Open loop at so many requests/s; without it the loop is closed")
  private @Nullable Double rate;

  @Option(
      names = "--warm-up",
      paramLabel = "TIME",
      converter = DurationConverter.ForWarmUp.class,
      defaultValue = "stable",
      description =
          "A duration, or 'stable': until three seconds agree within 5 %%, at most 60 s"
              + " (${DEFAULT-VALUE})")
  private WarmUp warmUp = new WarmUp.UntilStable();

  @Option(
      names = "--duration",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      defaultValue = "10s",
      description = "Measured time (${DEFAULT-VALUE})")
  private double durationSeconds = 10;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      defaultValue = "10s",
      description = "A later reply is an error (${DEFAULT-VALUE})")
  private double timeoutSeconds = 10;

  @Option(
      names = "--rehearse",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      defaultValue = "0s",
      description =
          "Puts the load on an echo of its own first, so that its own warm-up is not measured"
              + " (${DEFAULT-VALUE})")
  private double rehearsalSeconds;

  @Option(
      names = "--await",
      paramLabel = "URL",
      description = "Then waits for the server until a GET of this is answered with 200")
  private @Nullable URI ready;

  @Option(
      names = "--idle",
      paramLabel = "TIME",
      converter = DurationConverter.class,
      defaultValue = "0s",
      description = "Then leaves it alone for so long (${DEFAULT-VALUE})")
  private double idleSeconds;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the run in its result (${DEFAULT-VALUE})")
  private String name = "run";

  @Option(names = "--out", paramLabel = "FILE", description = "Writes the result as JSON")
  private @Nullable Path out;

  RunCommand(List<String> commandLine) {
    this.commandLine = commandLine;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path bodyFile = body;
    byte[] bytes = bodyFile == null ? new byte[0] : Files.readAllBytes(bodyFile);
    Settings settings = settings(bytes.length);
    Request request = Request.of(url, settings.method(), headers, settings.contentType(), bytes);
    prepare(settings, bytes);
    Measurement measurement = new LoadTest(settings, request, progress()).run();
    String commit = Machine.commit(System.getenv());
    Result result = Result.of(name, commandLine, commit, Machine.here(), settings, measurement);
    System.out.print(Report.of(result));
    Path file = out;
    if (file != null) {
      result.write(file);
    }
    return result.successes() > 0 ? 0 : 1;
  }

  private void prepare(Settings settings, byte[] bytes) throws IOException, InterruptedException {
    if (rehearsalSeconds > 0) {
      Rehearsal.run(settings, bytes, rehearsalSeconds);
    }
    URI readyUrl = ready;
    if (readyUrl != null) {
      System.err.println("waiting for " + readyUrl);
      Readiness.await(readyUrl, PATIENCE);
    }
    Thread.sleep(Math.round(idleSeconds * 1000));
  }

  private Settings settings(int bodyBytes) {
    Double openRate = rate;
    String defaultMethod = body == null ? "GET" : "POST";
    return new Settings(
        url.toString(),
        method.isEmpty() ? defaultMethod : method,
        headers,
        body == null ? "" : contentType,
        bodyBytes,
        openRate == null ? new Loop.Closed() : new Loop.Open(openRate),
        connections,
        threads,
        warmUp,
        durationSeconds,
        timeoutSeconds);
  }

  /** One line that is written over and over, on a terminal only. */
  private static Consumer<String> progress() {
    // Off a terminal, JDK 25 has no console by default and one that is no terminal by option.
    if (Optional.ofNullable(System.console()).filter(Console::isTerminal).isEmpty()) {
      return _ -> {};
    }
    String clearLine = "\r\033[K";
    return line -> {
      System.err.print(clearLine + line + "\r");
      System.err.flush();
    };
  }
}
