package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.skiff.server.BadInput;
import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Models that are loaded, reloaded and unloaded by requests: Triton's model repository extension.
 */
@ParameterizedClass
@EnumSource(Door.class)
@Timeout(240)
@SuppressWarnings("NullAway.Init") // start() is called first
class ModelControlIT {
  private static final String EXPLICIT = "--model-control=explicit";
  private static final String INDEX = "/v2/repository/index";
  private static final String INFER =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,3],\"datatype\":\"FP32\",\"data\":[1,2,3]}]}";

  /** Half a second of work. */
  private static final String LONG = "{\"inputs\":{\"x\":[[1,2,3]],\"iterations\":[800000]}}";

  private static final String LONG_REPLY = "{\"outputs\":[[800001.0,800002.0,800003.0]]}";

  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory());
  @TempDir private static Path temporary;
  private static Path folder;
  private static TestServer server;

  private final Door door;

  /** A model of the test's own. */
  private String model = "";

  ModelControlIT(Door door) {
    this.door = door;
  }

  @BeforeParameterizedClassInvocation
  static void start(Door door) throws IOException {
    folder = Files.createDirectory(temporary.resolve(door.name()));
    put("versions/1", "another");
    server = door.start(folder, EXPLICIT, "--concurrency=1");
  }

  @AfterParameterizedClassInvocation
  static void stop() {
    server.close();
  }

  @BeforeEach
  void load(TestInfo test) throws IOException {
    model = test.getTestMethod().orElseThrow().getName();
    put("versions/1", model);
    server.post(path("load"), "{}").ok();
    assertServes(1);
  }

  @AfterEach
  void close() {
    threads.close();
  }

  @Test
  void aModelIsReloadedInPlace() throws IOException {
    put("versions/10", model);
    assertServes(1);
    assertThat(server.post(path("load"), "{}").ok().get("versions")).hasToString("[\"1\"]");
    assertServes(10);
    assertThat(index("")).containsExactly("1 READY");
  }

  @Test
  void aNewVersionTakesThePlaceOfTheOld() throws IOException {
    put("versions/2", model + "/2");
    assertThat(server.post(path("load"), "").ok())
        .hasToString("{\"name\":\"%s\",\"versions\":[\"2\"]}".formatted(model));
    assertServes(2);
    server.post("/predict/" + model + "/1", "[1,2,3]").refused(ErrorCode.NOT_FOUND);
    assertThat(index("{}")).containsExactly("1 UNAVAILABLE unloaded", "2 READY");
    assertThat(index("{\"ready\": false}")).hasSize(2);
    assertThat(index("{\"ready\": true}")).containsExactly("2 READY");
  }

  @Test
  void theMetricsFollow() throws IOException {
    put("versions/2", model + "/2");
    assertThat(metrics())
        .contains("skiff_model_state{model=\"%s\",state=\"ready\",version=\"1\"} 1.0")
        .contains("skiff_batch_size_count{model=\"%s\",version=\"1\"} 1");
    server.post(path("load"), "{}").ok();
    assertServes(2);
    List<String> after = metrics();
    assertThat(after)
        .contains("skiff_model_state{model=\"%s\",state=\"ready\",version=\"2\"} 1.0")
        .contains("skiff_queue_size{model=\"%s\",version=\"2\"} 0.0")
        .contains("skiff_batch_size_count{model=\"%s\",version=\"2\"} 1")
        .noneMatch(line -> line.contains("version=\"1\""));
    server.post(path("load"), "{}").ok();
    assertServes(2);
    assertThat(metrics())
        .contains("skiff_batch_size_count{model=\"%s\",version=\"2\"} 2")
        .hasSameSizeAs(after);
    server.post(path("unload"), "{}").ok();
    assertThat(metrics()).isEmpty();
  }

  @Test
  void anUnloadedModelIsNotThere() {
    assertThat(server.post(path("unload"), "{}").ok())
        .hasToString("{\"name\":\"%s\",\"versions\":[]}".formatted(model));
    server.post("/predict/" + model, "[1,2,3]").refused(ErrorCode.NOT_FOUND);
    server.post("/v2/models/" + model + "/infer", INFER).refused(ErrorCode.NOT_FOUND);
    server.get("/v2/models/" + model).refused(ErrorCode.NOT_FOUND);
    server.get("/v2/models/" + model + "/ready").refused(ErrorCode.NOT_FOUND);
    assertThat(index("")).containsExactly("1 UNAVAILABLE unloaded");
    server.post(path("load"), "{}").ok();
    server.post("/v2/models/" + model + "/infer", INFER).ok();
  }

  @Test
  void theServerStaysReadyAsLongAsAModelIs(@TempDir Path alone) throws IOException {
    TestServer.folder(alone, "identity-fp32");
    try (TestServer other = door.start(alone, EXPLICIT)) {
      Files.createDirectory(alone.resolve("broken"));
      Files.writeString(alone.resolve("broken/model.onnx"), "not a model");
      other.post("/v2/repository/models/broken/load", "{}").refused(ErrorCode.LOAD_FAILED);
      assertThat(other.get("/health").ok().get("models")).hasSize(1);
      other.post("/v2/repository/models/identity-fp32/unload", "{}").ok();
      assertThat(other.get("/health/ready").status()).isEqualTo(503);
      assertThat(other.get("/health").json().get("status").textValue()).isEqualTo("unavailable");
      other.post("/v2/repository/models/identity-fp32/load", "{}").ok();
      other.get("/health/ready").ok();
    }
  }

  @Test
  @BadInput(94)
  void aBrokenModelInPlaceOfOneThatServes() throws IOException {
    put("broken", model);
    server
        .post(path("load"), "{}")
        .refused(ErrorCode.LOAD_FAILED)
        .startsWith(
            "model '%s' version 1 cannot be loaded, and what was loaded before serves on: "
                .formatted(model))
        .contains("Protobuf parsing failed");
    assertServes(1);
    Files.writeString(folder.resolve(model + "/model.json"), "{\"batching\": 7}");
    server
        .post(path("load"), "{}")
        .refused(ErrorCode.LOAD_FAILED)
        .contains("model.json: batching: ");
    assertServes(1);
    server.get("/health").ok();
  }

  @Test
  @BadInput(95)
  void aModelThatIsHalfUploaded() throws IOException {
    byte[] whole = Files.readAllBytes(TestServer.FIXTURES.resolve("versions/2/model.onnx"));
    Path file = Files.createDirectory(folder.resolve(model + "/2")).resolve("model.onnx");
    for (int length : new int[] {0, 1, whole.length / 2, whole.length - 1}) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertServes(1);
      server.post(path("load"), "{}").refused(ErrorCode.LOAD_FAILED).contains("version 2");
      assertServes(1);
    }
    Files.write(file, whole);
    assertServes(1);
    server.post(path("load"), "{}").ok();
    assertServes(2);
  }

  @Test
  @BadInput(97)
  void aNewVersionWithDataOutsideItsFolder() throws IOException {
    put("external-outside", model + "/2");
    server.post(path("load"), "{}").refused(ErrorCode.LOAD_FAILED).contains("version 2");
    assertServes(1);
    assertThat(index("{\"ready\": true}")).containsExactly("1 READY");
  }

  /** One that runs, and one that waits for its turn. */
  @Test
  @BadInput(99)
  void aModelThatIsUnloadedDuringARun() throws IOException {
    put("slow", model);
    server.post(path("load"), "{}").ok();
    CompletableFuture<Reply> runs = send("/predict/" + model, LONG);
    CompletableFuture<Reply> waits = send("/predict/" + model, LONG);
    await(() -> metrics().contains("skiff_queue_size{model=\"%s\",version=\"1\"} 1.0"));
    CompletableFuture<Reply> unloaded = send(path("unload"), "{}");
    await(() -> server.get("/v2/models/" + model + "/ready").status() == 404);
    server.post("/predict/" + model, LONG).refused(ErrorCode.NOT_FOUND);
    assertThat(runs.join().ok()).hasToString(LONG_REPLY);
    assertThat(waits.join().ok()).hasToString(LONG_REPLY);
    unloaded.join().ok();
    server.post("/predict/" + model, LONG).refused(ErrorCode.NOT_FOUND);
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
          .post(path("load"), "{\"parameters\": {\"%s\": \"x\"}}".formatted(parameter))
          .refused(ErrorCode.INVALID_ARGUMENT)
          .isEqualTo(
              "parameter '%s' is not supported: a model is loaded as it lies in the model repository"
                  .formatted(parameter));
    }
    server.post(path("load"), "[]").refused(ErrorCode.INVALID_ARGUMENT);
    server.post(path("load"), "{\"parameters\": 5}").refused(ErrorCode.INVALID_ARGUMENT);
    server
        .post(INDEX, "{\"ready\": 1}")
        .refused(ErrorCode.INVALID_ARGUMENT)
        .startsWith("expected true or false for \"ready\", got 1");
    server.get(INDEX).refused(ErrorCode.METHOD_NOT_ALLOWED);
    server.get(path("unload")).refused(ErrorCode.METHOD_NOT_ALLOWED);
    server.post(path("unload"), "{\"parameters\": {\"unload_dependents\": true}}").ok();
    server.post(path("load"), "{\"parameters\": {\"priority\": 3}, \"more\": [1]}").ok();
  }

  @Test
  void theExtensionIsListed() {
    assertThat(server.get("/v2").ok().get("extensions").toString())
        .contains("\"model_repository\"");
  }

  private String path(String operation) {
    return "/v2/repository/models/" + model + "/" + operation;
  }

  /** What the index says of each version of this model. */
  private List<String> index(String body) {
    List<String> lines = new ArrayList<>();
    for (JsonNode entry : server.post(INDEX, body).ok()) {
      if (entry.path("name").textValue().equals(model)) {
        String state = entry.path("version").textValue() + " " + entry.path("state").textValue();
        lines.add((state + " " + entry.path("reason").asText()).strip());
      }
    }
    return lines;
  }

  /** The lines about this model, with {@code %s} for its name. */
  private List<String> metrics() {
    String label = "model=\"" + model + "\"";
    return server
        .get("/metrics")
        .text()
        .lines()
        .filter(line -> line.contains(label))
        .map(line -> line.replace(label, "model=\"%s\""))
        .toList();
  }

  /** Version n of the model multiplies by n. */
  private void assertServes(int factor) {
    assertThat(server.post("/predict/" + model, "[1,2,3]").ok())
        .hasToString("{\"prediction\":[%d.0,%d.0,%d.0]}".formatted(factor, 2 * factor, 3 * factor));
  }

  /** Puts a model there, whole from one moment to the next. */
  private static void put(String fixture, String place) throws IOException {
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
