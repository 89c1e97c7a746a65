package dev.skiff.bench;

import java.io.IOException;
import java.net.URI;
import java.util.List;

/**
 * The same load against an {@link EchoServer} in this process, so that the load tester is compiled
 * before it measures a server's first seconds. Its outcome is thrown away.
 */
final class Rehearsal {
  private Rehearsal() {}

  /** Blocks for the given time. */
  static void run(Settings settings, byte[] body, double seconds)
      throws IOException, InterruptedException {
    try (EchoServer echo = new EchoServer(0)) {
      Thread.ofPlatform().daemon().name("rehearsal-echo").start(() -> serve(echo));
      URI url = URI.create("http://127.0.0.1:" + echo.port() + "/");
      Settings rehearsed =
          new Settings(
              url.toString(),
              settings.method(),
              List.of(),
              settings.contentType(),
              settings.bodyBytes(),
              settings.loop(),
              settings.connections(),
              settings.threads(),
              new WarmUp.Fixed(0),
              seconds,
              settings.timeoutSeconds());
      Request request = Request.of(url, settings.method(), List.of(), settings.contentType(), body);
      new LoadTest(rehearsed, request, _ -> {}).run();
    }
  }

  private static void serve(EchoServer echo) {
    try {
      echo.run();
    } catch (IOException e) {
      // The rehearsal has nobody to talk to then, and the run itself is none the worse for it.
    }
  }
}
