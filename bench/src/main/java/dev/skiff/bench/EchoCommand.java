package dev.skiff.bench;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code echo}: serves until the process ends. */
@Command(
    name = "echo",
    description = "Sends every request body back, as fast as one thread can.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class EchoCommand implements Callable<Integer> {
  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "Port on 127.0.0.1; 0, the default, takes a free one")
  private int port = 0;

  @Override
  public Integer call() throws IOException {
    try (EchoServer server = new EchoServer(port)) {
      System.out.println("http://127.0.0.1:" + server.port() + "/");
      server.run();
    }
    return 0;
  }
}
