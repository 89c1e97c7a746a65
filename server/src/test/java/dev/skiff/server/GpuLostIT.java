package dev.skiff.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.skiff.server.config.CommandLine;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a server does when its GPU is lost, on a machine without one: nobody but the server's own
 * test says that it is. The test of this name in the module image has a process, and CUDA's errors.
 */
@Timeout(240)
final class GpuLostIT {
  private static final String SHORT = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[1]}}";

  /** Some hundred milliseconds of work. */
  private static final String LONG = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[800000]}}";

  private final HttpClient client = HttpClient.newHttpClient();

  @Test
  @BadInput(92)
  void itIsNotReadyAtOnceAndAnswersWhatIsUnderWay(@TempDir Path folder) throws Exception {
    Server server = start(Repository.of(folder, "slow"));
    try {
      assertThat(get(server, "/health/ready").statusCode()).isEqualTo(200);
      server.gpuLost().complete("its time had come");
      assertThat(get(server, "/health/ready").statusCode()).isEqualTo(503);
      assertThat(get(server, "/v2/health/ready").statusCode()).isEqualTo(503);
      assertThat(get(server, "/health/live").statusCode()).isEqualTo(200);
      assertThat(post(server, SHORT).join().statusCode()).isEqualTo(200);

      CompletableFuture<HttpResponse<String>> running = post(server, LONG);
      while (!get(server, "/metrics").body().contains("skiff_requests_in_flight 2.0")) {
        assertThat(running).as("else this proves nothing").isNotDone();
      }
      server.abandon();
      assertThat(running.join().statusCode()).isEqualTo(200);
      assertThatThrownBy(() -> get(server, "/health/live")).isInstanceOf(ConnectException.class);
    } finally {
      server.stop();
    }
  }

  private static Server start(Path models) {
    String[] arguments = {models.toString(), "--host=127.0.0.1", "--port=0", "--rehearsal=0s"};
    if (CommandLine.parse(arguments, Map.of(), "test") instanceof CommandLine.Request.Serve serve) {
      Server server = Server.start(serve.config(), "test");
      server.awaitModels();
      return server;
    }
    throw new AssertionError("these arguments serve");
  }

  private HttpResponse<String> get(Server server, String path)
      throws IOException, InterruptedException {
    return client.send(HttpRequest.newBuilder(uri(server, path)).build(), BodyHandlers.ofString());
  }

  private CompletableFuture<HttpResponse<String>> post(Server server, String json) {
    return client.sendAsync(
        HttpRequest.newBuilder(uri(server, "/predict")).POST(BodyPublishers.ofString(json)).build(),
        BodyHandlers.ofString());
  }

  private static URI uri(Server server, String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }
}
