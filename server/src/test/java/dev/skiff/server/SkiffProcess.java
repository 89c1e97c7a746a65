package dev.skiff.server;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The packaged server in a process of its own, on a free port, and a client of it. */
public final class SkiffProcess implements AutoCloseable {
  private static final Pattern READY =
      Pattern.compile(".*ready in \\d+ ms: .* on (https?://[\\w.:]+).*");

  /** For processes that live for seconds only. */
  private static final List<String> OPTIONS =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private final JavaProcess process;
  private final HttpClient client;
  private final String url;

  private SkiffProcess(JavaProcess process, HttpClient client, String url) {
    this.process = process;
    this.client = client;
    this.url = url;
  }

  /** Starts the server and waits until it is ready. */
  public static SkiffProcess serve(Path models, String... arguments)
      throws IOException, InterruptedException {
    return serve(Map.of(), List.of(), models, arguments);
  }

  /**
   * Starts the server and waits until it is ready.
   *
   * @param environment variables to add
   * @param options for Java
   * @param models the model repository
   * @param arguments for the server
   */
  public static SkiffProcess serve(
      Map<String, String> environment, List<String> options, Path models, String... arguments)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(OPTIONS);
    all.addAll(options);
    all.addAll(List.of("-jar", jar(), models.toString(), "--host", "127.0.0.1", "--port", "0"));
    all.addAll(List.of(arguments));
    JavaProcess process = JavaProcess.start(environment, all);
    try {
      Matcher ready = READY.matcher(process.awaitOut(line -> READY.matcher(line).matches()));
      if (!ready.matches()) {
        throw new AssertionError("awaited to match");
      }
      return new SkiffProcess(
          process,
          HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build(),
          ready.group(1));
    } catch (AssertionError e) {
      process.close();
      throw new AssertionError("the server did not get ready\n" + process, e);
    }
  }

  /** Runs the server with these arguments, which it is expected to end by itself on. */
  public static JavaProcess run(Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> all = new ArrayList<>(OPTIONS);
    all.addAll(List.of("-jar", jar()));
    all.addAll(List.of(arguments));
    return JavaProcess.start(environment, all);
  }

  private static String jar() {
    return Path.of(System.getProperty("skiff.home"), "skiff.jar").toString();
  }

  public JavaProcess process() {
    return process;
  }

  /** Where the server listens, as {@code host:port}. */
  public String address() {
    return URI.create(url).getAuthority();
  }

  /** Asks for a resource. */
  public HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(URI.create(url + path)).build(), BodyHandlers.ofString());
  }

  /** Posts a request in JSON. */
  public HttpResponse<String> post(String path, String json, String... headers)
      throws IOException, InterruptedException {
    return client.send(request(path, json, headers), BodyHandlers.ofString());
  }

  /** Posts a request in JSON and does not wait for its answer. */
  public CompletableFuture<HttpResponse<String>> begin(String path, String json) {
    return client.sendAsync(request(path, json), BodyHandlers.ofString());
  }

  private HttpRequest request(String path, String json, String... headers) {
    HttpRequest.Builder builder =
        HttpRequest.newBuilder(URI.create(url + path))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json));
    for (int i = 0; i < headers.length; i += 2) {
      builder.header(headers[i], headers[i + 1]);
    }
    return builder.build();
  }

  @Override
  public void close() {
    process.close();
    client.close();
  }
}
