package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.BadInput;
import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models that are loaded, reloaded and unloaded by requests: Triton's model repository extension.
 */
@BothDoors
@Timeout(60)
class ModelControlIT {
  private static final String EXPLICIT = "--model-control=explicit";
  private static final String LOAD = "/v2/repository/models/m/load";
  private static final String UNLOAD = "/v2/repository/models/m/unload";
  private static final String INFER =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]}]}";

  /** Half a second of work. */
  private static final String LONG = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[800000]}}";

  private static final String LONG_REPLY = "{\"outputs\":[[800001.0,800002.0,800003.0]]}";

  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory());
  private final Path folder;
  private final TestServer server;

  ModelControlIT(@TempDir Path folder, Door door) throws IOException {
    this.folder = folder;
    put("versions/1", "m");
    server = door.start(folder, EXPLICIT, "--concurrency=1");
  }

  @BeforeEach
  void serves() {
    assertServes(1);
  }

  @AfterEach
  void close() {
    threads.close();
    server.close();
  }

  @Test
  void aModelIsReloadedInPlace() throws IOException {
    put("versions/10", "m");
    assertServes(1);
    assertThat(server.post(LOAD, "{}").ok()).hasToString("{\"name\":\"m\",\"versions\":[\"1\"]}");
    assertServes(10);
    assertThat(index("")).isEqualTo("[{\"name\":\"m\",\"version\":\"1\",\"state\":\"READY\"}]");
  }

  @Test
  void aNewVersionTakesThePlaceOfTheOld() throws IOException {
    put("versions/2", "m/2");
    assertThat(server.post(LOAD, "").ok()).hasToString("{\"name\":\"m\",\"versions\":[\"2\"]}");
    assertServes(2);
    server.post("/predict/m/1", "[1,2,3]").refused(ErrorCode.NOT_FOUND);
    String old =
        "{\"name\":\"m\",\"version\":\"1\",\"state\":\"UNAVAILABLE\",\"reason\":\"unloaded\"}";
    String served = "{\"name\":\"m\",\"version\":\"2\",\"state\":\"READY\"}";
    assertThat(index("{}")).isEqualTo("[%s,%s]".formatted(old, served));
    assertThat(index("{\"ready\": false}")).isEqualTo("[%s,%s]".formatted(old, served));
    assertThat(index("{\"ready\": true}")).isEqualTo("[%s]".formatted(served));
  }

  @Test
  void theMetricsFollow() throws IOException {
    put("versions/2", "m/2");
    assertThat(server.get("/metrics").text())
        .contains("skiff_model_state{model=\"m\",state=\"ready\",version=\"1\"} 1.0")
        .contains("skiff_batch_size_count{model=\"m\",version=\"1\"} ");
    server.post(LOAD, "{}").ok();
    assertServes(2);
    String after = server.get("/metrics").text();
    assertThat(after)
        .contains("skiff_model_state{model=\"m\",state=\"ready\",version=\"2\"} 1.0")
        .contains("skiff_queue_size{model=\"m\",version=\"2\"} 0.0")
        .contains("skiff_batch_size_count{model=\"m\",version=\"2\"} 1")
        .doesNotContain("version=\"1\"");
    server.post(LOAD, "{}").ok();
    assertServes(2);
    assertThat(server.get("/metrics").text())
        .contains("skiff_batch_size_count{model=\"m\",version=\"2\"} 2")
        .satisfies(text -> assertThat(text.lines()).hasSameSizeAs(after.lines().toList()));
    server.post(UNLOAD, "{}").ok();
    assertThat(server.get("/metrics").text()).doesNotContain("model=\"m\"");
  }

  @Test
  void aNewModelComesAndGoes() throws IOException {
    put("identity-fp32", "other");
    server.post("/v2/repository/models/other/load", "{}").ok();
    server.post("/v2/models/other/infer", INFER).ok();
    server.post("/v2/repository/models/other/unload", "{}").ok();
    server.post("/v2/models/other/infer", INFER).refused(ErrorCode.NOT_FOUND);
    server.get("/v2/models/other").refused(ErrorCode.NOT_FOUND);
    assertServes(1);
  }

  @Test
  void theServerStaysReadyAsLongAsAModelIs() throws IOException {
    put("broken", "other");
    server.post("/v2/repository/models/other/load", "{}").refused(ErrorCode.LOAD_FAILED);
    assertThat(server.get("/health").ok().get("models")).hasSize(1);
    server.post(UNLOAD, "{}").ok();
    assertThat(server.get("/health/ready").status()).isEqualTo(503);
    assertThat(server.get("/health").json().get("status").textValue()).isEqualTo("unavailable");
    server.post(LOAD, "{}").ok();
    server.get("/health/ready").ok();
  }

  @Test
  @BadInput(94)
  void aBrokenModelInPlaceOfOneThatServes() throws IOException {
    put("broken", "m");
    server
        .post(LOAD, "{}")
        .refused(ErrorCode.LOAD_FAILED)
        .startsWith("model 'm' version 1 cannot be loaded, and what was loaded before serves on: ")
        .contains("Protobuf parsing failed");
    assertServes(1);
    Files.writeString(folder.resolve("m/model.json"), "{\"batching\": 7}");
    server.post(LOAD, "{}").refused(ErrorCode.LOAD_FAILED).contains("model.json: batching: ");
    assertServes(1);
    server.get("/health").ok();
  }

  @Test
  @BadInput(95)
  void aModelThatIsHalfUploaded() throws IOException {
    byte[] whole = Files.readAllBytes(TestServer.FIXTURES.resolve("versions/2/model.onnx"));
    Path file = Files.createDirectory(folder.resolve("m/2")).resolve("model.onnx");
    for (int length : new int[] {0, 1, whole.length / 2, whole.length - 1}) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertServes(1);
      server.post(LOAD, "{}").refused(ErrorCode.LOAD_FAILED).contains("version 2");
      assertServes(1);
    }
    Files.write(file, whole);
    assertServes(1);
    server.post(LOAD, "{}").ok();
    assertServes(2);
  }

  @Test
  @BadInput(97)
  void aNewVersionWithDataOutsideItsFolder() throws IOException {
    put("external-outside", "m/2");
    server.post(LOAD, "{}").refused(ErrorCode.LOAD_FAILED).contains("version 2");
    assertServes(1);
    assertThat(index("{\"ready\": true}")).contains("\"version\":\"1\"");
  }

  /** One that runs, and one that waits for its turn. */
  @Test
  @BadInput(99)
  void aModelThatIsUnloadedDuringARun() throws IOException {
    put("slow", "slow");
    server.post("/v2/repository/models/slow/load", "{}").ok();
    CompletableFuture<Reply> one = send("/predict/slow", LONG);
    CompletableFuture<Reply> other = send("/predict/slow", LONG);
    await(
        () ->
            server
                .get("/metrics")
                .text()
                .contains("skiff_queue_size{model=\"slow\",version=\"1\"} 1.0"));
    CompletableFuture<Reply> unloaded = send("/v2/repository/models/slow/unload", "{}");
    await(() -> server.get("/v2/models/slow/ready").status() == 404);
    server.post("/predict/slow", LONG).refused(ErrorCode.NOT_FOUND);
    assertThat(one.join().ok()).hasToString(LONG_REPLY);
    assertThat(other.join().ok()).hasToString(LONG_REPLY);
    unloaded.join().ok();
    server.post("/predict/slow", LONG).refused(ErrorCode.NOT_FOUND);
  }

  @Test
  void whatCannotBeAskedIsTold() {
    server
        .post("/v2/repository/models/nope/load", "{}")
        .refused(ErrorCode.NOT_FOUND)
        .isEqualTo("there is no model 'nope' in the model repository");
    server.post("/v2/repository/models/nope/unload", "{}").refused(ErrorCode.NOT_FOUND);
    for (String parameter : new String[] {"config", "file:1/weights"}) {
      server
          .post(LOAD, "{\"parameters\": {\"%s\": \"x\"}}".formatted(parameter))
          .refused(ErrorCode.INVALID_ARGUMENT)
          .isEqualTo(
              "parameter '%s' is not supported: a model is loaded as it lies in the model repository"
                  .formatted(parameter));
    }
    server.post(LOAD, "[]").refused(ErrorCode.INVALID_ARGUMENT);
    server.post(LOAD, "{\"parameters\": 5}").refused(ErrorCode.INVALID_ARGUMENT);
    server
        .post("/v2/repository/index", "{\"ready\": 1}")
        .refused(ErrorCode.INVALID_ARGUMENT)
        .startsWith("expected true or false for \"ready\", got 1");
    server.get("/v2/repository/index").refused(ErrorCode.METHOD_NOT_ALLOWED);
    server.get(UNLOAD).refused(ErrorCode.METHOD_NOT_ALLOWED);
    server.post(UNLOAD, "{\"parameters\": {\"unload_dependents\": true}}").ok();
    server.post(LOAD, "{\"parameters\": {\"priority\": 3}, \"more\": [1]}").ok();
  }

  /** As a browser would be made to send it by a page of anybody's. */
  @Test
  void pagesManageNoModels() {
    for (String path : new String[] {"/v2/repository/index", LOAD, UNLOAD}) {
      String reply =
          server.raw(
              "POST %s HTTP/1.1\nHost: a\nOrigin: http://a\nConnection: close\nContent-Length: 2\n\n{}"
                  .formatted(path));
      Reply.parse(reply).refused(ErrorCode.INVALID_ARGUMENT).contains("Origin");
    }
    assertServes(1);
  }

  @Test
  void theExtensionIsListed() {
    assertThat(server.get("/v2").ok().get("extensions").toString())
        .contains("\"model_repository\"");
  }

  @Test
  void withoutItThereAreNoSuchPaths(Door door) {
    try (TestServer other = door.start(folder)) {
      for (String path : new String[] {"/v2/repository/index", LOAD, UNLOAD}) {
        other.post(path, "{}").refused(ErrorCode.NOT_FOUND).startsWith("there is no such path");
      }
      assertThat(other.get("/v2").ok().get("extensions").toString()).doesNotContain("repository");
    }
  }

  private String index(String body) {
    return server.post("/v2/repository/index", body).ok().toString();
  }

  /** Version n of the model multiplies by n. */
  private void assertServes(int factor) {
    assertThat(server.post("/predict/m", "[1,2,3]").ok())
        .hasToString("{\"prediction\":[%d.0,%d.0,%d.0]}".formatted(factor, 2 * factor, 3 * factor));
  }

  /** Puts a model there, whole from one moment to the next. */
  private void put(String fixture, String place) throws IOException {
    Path next = folder.resolve(".next");
    Files.copy(TestServer.FIXTURES.resolve(fixture).resolve("model.onnx"), next);
    Path to = Files.createDirectories(folder.resolve(place));
    Files.move(next, to.resolve("model.onnx"), StandardCopyOption.ATOMIC_MOVE);
  }

  private CompletableFuture<Reply> send(String path, String body) {
    return CompletableFuture.supplyAsync(() -> server.post(path, body), threads);
  }

  private static void await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      Thread.onSpinWait();
    }
  }
}
