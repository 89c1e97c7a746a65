package dev.skiff.server;

import dev.skiff.server.config.CommandLine;
import dev.skiff.server.config.ConfigException;
import dev.skiff.server.config.ServerConfig;
import dev.skiff.server.http.ListenException;
import dev.skiff.server.logging.Logging;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/**
 * The command line. Exit codes: 0 after a clean end, 1 if the server could not start or ended with
 * requests still running, 2 for a wrong configuration.
 */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  @SuppressWarnings("SystemOut") // what --help and --version are for
  private static int run(String[] arguments) {
    try {
      return switch (CommandLine.parse(arguments, System.getenv(), version())) {
        case CommandLine.Request.Show(String text) -> {
          System.out.print(text);
          yield 0;
        }
        case CommandLine.Request.Examine(var provider) -> Doctor.examine(provider, System.out);
        case CommandLine.Request.Serve(ServerConfig config) -> serve(config);
      };
    } catch (ConfigException e) {
      System.err.println("skiff: " + e.line());
      return 2;
    }
  }

  private static int serve(ServerConfig config) {
    Logging.configure(config.log());
    Logger log = LoggerFactory.getLogger(Main.class);
    CountDownLatch ended = new CountDownLatch(1);
    // A handler instead of a shutdown hook: hooks run at once and in no order, and ONNX Runtime
    // frees itself in one. And a hook could not make the exit code 0.
    Signal.handle(new Signal("TERM"), signal -> ended.countDown());
    Signal.handle(new Signal("INT"), signal -> ended.countDown());
    Server server;
    try {
      server = Server.start(config, version());
    } catch (ListenException e) {
      log.error(e.getMessage());
      return 1;
    }
    server
        .managementPort()
        .ifPresent(port -> log.info("metrics and probes are on port {}, too", port));
    server.awaitModels();
    log.info(
        "ready in {} ms: {} on {}://{}:{}",
        ManagementFactory.getRuntimeMXBean().getUptime(),
        server.summary(),
        config.access().tls().isPresent() ? "https" : "http",
        config.http().host(),
        server.port());
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return server.stop() ? 0 : 1;
  }

  private static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
