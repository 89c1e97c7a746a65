package dev.skiff.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.Server;
import dev.skiff.server.config.CommandLine;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.logging.FileHandler;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.stream.Stream;

/** The real server in this process, on a free port, and the ways to talk to it. */
final class TestServer implements AutoCloseable {
  static final Path FIXTURES = Path.of("src/test/fixtures").toAbsolutePath();
  static final Path MODELS = Path.of("../models").toAbsolutePath().normalize();

  /**
   * How long a test waits for the next byte: only a server that hangs takes so long, whatever share
   * of a busy machine it has.
   */
  static final int PATIENCE_MILLIS = 60_000;

  /**
   * What a test's own flags go before. The times that a server allows are beyond the patience of a
   * test: so no reply comes for the only reason that one of them is over.
   */
  private static final Map<String, String> SETTINGS =
      Map.of(
          "SKIFF_HOST", "127.0.0.1",
          "SKIFF_PORT", "0",
          "SKIFF_REHEARSAL", "0s",
          "SKIFF_REQUEST_TIMEOUT", "10m",
          "SKIFF_IDLE_TIMEOUT", "2m",
          "SKIFF_DRAIN_TIMEOUT", "10s");

  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** Held, because loggers are held weakly. */
  private static final Logger ROOT = quiet();

  private final Server server;

  private TestServer(Server server) {
    this.server = server;
    ROOT.fine("started");
  }

  /** A server over a folder whose models have settled. */
  static TestServer start(Path models, String... flags) {
    TestServer server = begin(models, flags);
    server.awaitModels();
    return server;
  }

  /** A server over a folder whose models may still be loading. */
  static TestServer begin(Path models, String... flags) {
    String[] arguments =
        Stream.concat(Stream.of(models.toString()), Stream.of(flags)).toArray(String[]::new);
    return switch (CommandLine.parse(arguments, SETTINGS, "test")) {
      case CommandLine.Request.Serve(var config) -> new TestServer(Server.start(config, "test"));
      case CommandLine.Request.Examine examine ->
          throw new IllegalArgumentException(examine.toString());
      case CommandLine.Request.Show(var text) -> throw new IllegalArgumentException(text);
    };
  }

  /** A folder with copies of only these of the fixtures. */
  static Path folder(Path parent, String... fixtures) throws IOException {
    for (String fixture : fixtures) {
      Files.createDirectory(parent.resolve(fixture));
      Path file = Path.of(fixture, "model.onnx");
      Files.copy(FIXTURES.resolve(file), parent.resolve(file));
    }
    return parent;
  }

  /** Waits until its models have settled; called once. */
  void awaitModels() {
    server.awaitModels();
  }

  int port() {
    return server.port();
  }

  int managementPort() {
    return server.managementPort().orElseThrow();
  }

  /** A request to a path, which is sent as it is written here. */
  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path));
  }

  Reply get(String path) {
    return send(request(path));
  }

  Reply post(String path, String json) {
    return send(request(path).POST(BodyPublishers.ofString(json)));
  }

  /**
   * A model's statistics, once they count so many rows: a reply may go out before it is counted.
   */
  JsonNode statistics(String model, int rows) {
    while (true) {
      JsonNode statistics = get("/v2/models/" + model + "/stats").ok().at("/model_stats/0");
      if (statistics.get("inference_count").asInt() >= rows) {
        return statistics;
      }
    }
  }

  Reply send(HttpRequest.Builder request) {
    try {
      HttpResponse<byte[]> response = CLIENT.send(request.build(), BodyHandlers.ofByteArray());
      return new Reply(response.statusCode(), response.headers(), response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Sends these very bytes and reads until the server closes the connection. */
  String raw(byte[] bytes) {
    try (Socket socket = connect()) {
      socket.getOutputStream().write(bytes);
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Sends a text with CR LF for each of its line ends. */
  String raw(String text) {
    return raw(text.replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1));
  }

  /** A connection that gives up reading in the end. */
  Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port());
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  /** Reads the head of one reply, up to its empty line. */
  static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    return head.toString();
  }

  /** Sends the log to a file: it tells of every error that the tests cause. */
  private static Logger quiet() {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    try {
      FileHandler file = new FileHandler("target/server-under-test.log");
      file.setFormatter(new SimpleFormatter());
      root.addHandler(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return root;
  }

  /** Has it say that it will end. */
  void awaitWarm() {
    server.awaitWarm();
  }

  void announceStop() {
    server.announceStop();
  }

  /**
   * Ends the server as SIGTERM does.
   *
   * @return whether all requests were answered
   */
  boolean stop() {
    return server.stop();
  }

  @Override
  public void close() {
    server.stop();
  }
}
