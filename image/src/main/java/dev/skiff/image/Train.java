package dev.skiff.image;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The training run of the AOT cache: starts the server, sends it the samples of its models and what
 * probes and scrapers send, and ends it with SIGTERM, which makes the JVM write its cache. Runs on
 * the image's own Java runtime, so it uses nothing but {@code java.base}.
 *
 * <p>Arguments: the folder of models with a {@code sample.json} each, the server's port, and the
 * server's command line. Exit code 0 if every request was answered as expected and the server ended
 * well.
 */
public final class Train {
  /**
   * Enough for the JVM to profile what a request runs through; more makes the cache larger (from 20
   * to 500 rounds by 2 MB).
   */
  private static final int ROUNDS = 100;

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(120);

  private final String address;

  private Train(int port) {
    this.address = "http://127.0.0.1:" + port;
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path models = Path.of(arguments[0]);
    Train train = new Train(Integer.parseInt(arguments[1]));
    Process server =
        new ProcessBuilder(List.of(arguments).subList(2, arguments.length)).inheritIO().start();
    try {
      train.awaitReady(server);
      int requests = train.exercise(models);
      System.out.println("train: " + requests + " requests answered");
      server.destroy();
      if (!server.waitFor(PATIENCE_NANOS, TimeUnit.NANOSECONDS) || server.exitValue() != 0) {
        throw new IllegalStateException("the server did not end well");
      }
    } finally {
      server.destroyForcibly();
    }
  }

  private void awaitReady(Process server) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (server.isAlive() && System.nanoTime() < end) {
      try {
        if (status("GET", "/health/ready", "") == 200) {
          return;
        }
      } catch (IOException e) {
        // Not listening yet.
      }
      Thread.sleep(50);
    }
    throw new IllegalStateException("the server did not become ready");
  }

  private int exercise(Path models) throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(models)) {
      folders.forEach(folder -> names.add(folder.getFileName().toString()));
    }
    int requests = 0;
    for (int round = 0; round < ROUNDS; round++) {
      for (String name : names) {
        String sample = Files.readString(models.resolve(name).resolve("sample.json"));
        expect(200, "POST", "/predict/" + name, sample);
        requests++;
      }
      if (round % 50 == 0) {
        for (String name : names) {
          expect(200, "GET", "/v2/models/" + name, "");
        }
        expect(200, "GET", "/v2", "");
        expect(200, "GET", "/health", "");
        expect(200, "GET", "/health/live", "");
        expect(200, "GET", "/metrics", "");
        expect(404, "GET", "/no-such-path", "");
        expect(400, "POST", "/predict/" + names.getFirst(), "{");
      }
    }
    return requests;
  }

  private void expect(int status, String method, String path, String body) throws IOException {
    int got = status(method, path, body);
    if (got != status) {
      throw new IllegalStateException(
          method + " " + path + ": expected " + status + ", got " + got);
    }
  }

  private int status(String method, String path, String body) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) URI.create(address + path).toURL().openConnection();
    connection.setRequestMethod(method);
    if (!body.isEmpty()) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      connection.setRequestProperty("Content-Type", "application/json");
      connection.setDoOutput(true);
      connection.setFixedLengthStreamingMode(bytes.length);
      connection.getOutputStream().write(bytes);
    }
    int status = connection.getResponseCode();
    try (InputStream in =
        status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      if (in != null) {
        in.readAllBytes();
      }
    }
    return status;
  }
}
