package dev.skiff.server;

import dev.skiff.server.config.CommandLine;
import dev.skiff.server.config.ConfigException;
import dev.skiff.server.config.DrainConfig;
import dev.skiff.server.config.ServerConfig;
import dev.skiff.server.http.ListenException;
import dev.skiff.server.logging.Logging;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/**
 * The command line. Exit codes: 0 after a clean end, 1 if the server could not start or ended with
 * requests still running or a model still being loaded, 2 for a wrong configuration, 4 after an
 * error of the GPU that only another process can recover from. 3 is the JVM's, where it ends when
 * memory runs out.
 */
public final class Main {
  private static final int GAVE_UP = 1;
  private static final int GPU_LOST = 4;

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
    CompletableFuture<Void> ended = new CompletableFuture<>();
    // A handler instead of a shutdown hook: hooks run at once and in no order, and ONNX Runtime
    // frees itself in one. And a hook could not make the exit code 0.
    Signal.handle(new Signal("TERM"), signal -> ended.complete(null));
    Signal.handle(new Signal("INT"), signal -> ended.complete(null));
    Server server;
    try {
      server = Server.start(config, version());
    } catch (ListenException e) {
      log.error(e.getMessage());
      return 1;
    }
    server.managementPort().ifPresent(port -> log.info("the management port is {}", port));
    CompletableFuture<Void> _ =
        server
            .gpuLost()
            .thenAcceptAsync(
                reason -> endWithoutGpu(server, config.drain(), reason),
                ending -> Thread.ofPlatform().daemon().name("gpu-lost").start(ending));
    CompletableFuture<Void> _ = ended.thenRun(server::announceStop);
    server.awaitModels();
    server.awaitWarm();
    if (!ended.isDone()) {
      log.info(
          "ready in {} ms: {} on {}://{}:{}",
          ManagementFactory.getRuntimeMXBean().getUptime(),
          server.summary(),
          config.access().tls().isPresent() ? "https" : "http",
          config.http().host(),
          server.port());
    }
    ended.join();
    if (!server.stop()) {
      // Not by exit: ONNX Runtime frees itself in a shutdown hook, under the code that still runs.
      Runtime.getRuntime().halt(GAVE_UP);
    }
    return 0;
  }

  /**
   * Ends the process, whatever its other threads and native code do: with a lost GPU they may never
   * return. So no shutdown hook is run either; ONNX Runtime frees itself in one.
   */
  private static void endWithoutGpu(Server server, DrainConfig drain, String reason) {
    LoggerFactory.getLogger(Main.class).error("ending with exit code {}: {}", GPU_LOST, reason);
    Thread answering = Thread.ofPlatform().daemon().start(server::abandon);
    try {
      answering.join(drain.delay().plus(drain.timeout().multipliedBy(2)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(GPU_LOST);
  }

  private static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
