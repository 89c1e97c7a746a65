package dev.skiff.server;

import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A Chromium without a window, started anew for every page. The system property {@code
 * skiff.browser} names its binary.
 */
record Browser(Path binary) {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");

  /**
   * What a page has become.
   *
   * @param dom its document, as HTML
   * @param log what the browser logged, the page's console included
   */
  record Page(String dom, String log) {}

  /** The browser of this machine. */
  static Browser find() {
    String named = System.getProperty("skiff.browser", "");
    Optional<Path> found = named.isEmpty() ? Tools.find(NAMES) : Optional.of(Path.of(named));
    Tools.require(
        found.isPresent(),
        "the console page's test needs a browser: install chromium (Debian: apt-get install"
            + " --no-install-recommends chromium) or name another with"
            + " -Dskiff.browser=/path/to/chrome");
    return new Browser(found.orElseThrow());
  }

  /**
   * Opens a page and lets it come to rest: its timers run ahead for ten seconds, and wait while a
   * reply is on its way.
   *
   * @param home an empty folder for whatever the browser writes
   */
  Page open(URI address, Path home) throws IOException, InterruptedException {
    Path dom = home.resolve("dom.html");
    Path log = home.resolve("log.txt");
    ProcessBuilder builder =
        new ProcessBuilder(
            binary.toString(),
            "--headless",
            // Chromium's own sandbox does not work for root, which is who runs CI.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--user-data-dir=" + home.resolve("profile"),
            "--enable-logging=stderr",
            "--virtual-time-budget=10000",
            "--dump-dom",
            address.toString());
    builder.environment().put("HOME", home.toString());
    Process process = builder.redirectOutput(dom.toFile()).redirectError(log.toFile()).start();
    try {
      if (!process.waitFor(2, TimeUnit.MINUTES)) {
        fail("the browser did not end: " + Files.readString(log));
      }
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return new Page(Files.readString(dom), Files.readString(log));
  }
}
