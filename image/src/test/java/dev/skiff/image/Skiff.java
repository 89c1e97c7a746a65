package dev.skiff.image;

import static java.util.Objects.requireNonNull;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/** A container of Skiff, and the requests that tests send to it. */
final class Skiff extends GenericContainer<Skiff> {
  /** A row of the iris model, the default one, and its class. */
  static final String ROW = "[5.1,3.5,1.4,0.2]";

  static final String ANSWER = "{\"prediction\":[0]}";

  /** A start takes two seconds of CPU, of which a busy machine may give it a hundredth. */
  private static final Duration PATIENCE = Duration.ofMinutes(4);

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private @Nullable String portNow;

  /** The image under test. */
  Skiff() {
    this(ImageUnderTest.name());
  }

  Skiff(String image) {
    super(DockerImageName.parse(image));
    withExposedPorts(8080);
    waitingFor(Wait.forHttp("/health/ready").withStartupTimeout(PATIENCE));
  }

  /** Changes how Docker runs the container. */
  Skiff host(Consumer<HostConfig> change) {
    return withCreateContainerCmdModifier(
        command -> change.accept(requireNonNull(command.getHostConfig())));
  }

  /** Changes what Docker runs in the container. */
  Skiff command(Consumer<CreateContainerCmd> change) {
    return withCreateContainerCmdModifier(change);
  }

  /** As it runs where nothing is allowed: no writes, no capabilities, a user of the cluster's. */
  Skiff restricted() {
    return host(host ->
            host.withReadonlyRootfs(true)
                .withCapDrop(Capability.ALL)
                .withSecurityOpts(List.of("no-new-privileges")))
        .command(command -> command.withUser("123456:0"));
  }

  /** The reply to a GET; it has to be a 200. */
  String get(String path) throws IOException, InterruptedException {
    return good(path, send(path, request -> request.GET()));
  }

  /** The reply to a POST; it has to be a 200. */
  String post(String path, String body) throws IOException, InterruptedException {
    return good(path, answer(path, body));
  }

  /** The reply to a POST, of whatever status. */
  HttpResponse<String> answer(String path, String body) throws IOException, InterruptedException {
    return send(
        path,
        request ->
            request.header("Content-Type", "application/json").POST(BodyPublishers.ofString(body)));
  }

  /** Whether it says that it is ready. */
  boolean isReady() throws IOException, InterruptedException {
    return send("/health/ready", request -> request.GET()).statusCode() == 200;
  }

  private static String good(String path, HttpResponse<String> response) {
    if (response.statusCode() != 200) {
      throw new AssertionError(path + ": " + response.statusCode() + " " + response.body());
    }
    return response.body();
  }

  private HttpResponse<String> send(String path, Consumer<HttpRequest.Builder> method)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port() + path)).timeout(PATIENCE);
    method.accept(request);
    return CLIENT.send(request.build(), BodyHandlers.ofString());
  }

  /** The reply to the sample of a model that ships. */
  String sample(String model) throws IOException, InterruptedException {
    return post("/predict/" + model, Files.readString(Path.of("../models", model, "sample.json")));
  }

  /** It was started again by Docker, which gave it another port. */
  Skiff restarted() {
    portNow = inspect("{{(index (index .NetworkSettings.Ports \"8080/tcp\") 0).HostPort}}");
    return this;
  }

  private String port() {
    return portNow == null ? Integer.toString(getMappedPort(8080)) : portNow;
  }

  /** What docker inspect says about this container. */
  String inspect(String template) {
    return Docker.run("inspect", "--format", template, getContainerId());
  }
}
