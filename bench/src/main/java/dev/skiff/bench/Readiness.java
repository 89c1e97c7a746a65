package dev.skiff.bench;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;

/** Waits for a server that is on its way. */
final class Readiness {
  private static final int PROBE_TIMEOUT_MILLIS = 1000;
  private static final long PROBE_EVERY_MILLIS = 5;

  private Readiness() {}

  /**
   * Blocks until a GET of the URL is answered with 200.
   *
   * @throws IOException if it is not within the time
   */
  static void await(URI url, Duration patience) throws IOException, InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (!isReady(url)) {
      if (System.nanoTime() >= end) {
        throw new IOException(url + " did not answer 200 within " + patience.toSeconds() + " s");
      }
      Thread.sleep(PROBE_EVERY_MILLIS);
    }
  }

  private static boolean isReady(URI url) {
    try {
      HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
      connection.setConnectTimeout(PROBE_TIMEOUT_MILLIS);
      connection.setReadTimeout(PROBE_TIMEOUT_MILLIS);
      try {
        return connection.getResponseCode() == 200;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return false; // nobody listens yet, or it does not answer yet
    }
  }
}
