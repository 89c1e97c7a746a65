package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The CPU's build, and what it says to those who want a GPU. */
class ProviderIT {
  private final Path models;

  ProviderIT(@TempDir Path folder) throws IOException {
    models = TestServer.folder(folder, "add", "identity-fp32");
  }

  @Test
  void autoIsTheCpu() {
    try (TestServer server = TestServer.start(models)) {
      JsonNode health = server.get("/health").json();
      assertThat(health.path("status").textValue()).isEqualTo("ok");
      assertThat(health.path("execution_provider").textValue()).isEqualTo("cpu");
      assertThat(health.path("models").get(0))
          .hasToString(
              "{\"name\":\"add\",\"version\":\"1\",\"state\":\"ready\",\"execution_provider\":\"cpu\"}");
      assertThat(
              server.get("/v2/models/add/config").json().at("/instance_group/0/kind").textValue())
          .isEqualTo("KIND_CPU");
      assertThat(
              server
                  .get("/v2/models/add/stats")
                  .json()
                  .at("/model_stats/0/execution_provider")
                  .textValue())
          .isEqualTo("cpu");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cuda", "tensorrt"})
  void aGpuThatWasAskedForIsNotReplaced(String provider) throws IOException {
    Files.writeString(
        models.resolve("add/model.json"), "{\"provider\": \"%s\"}".formatted(provider));
    try (TestServer server = TestServer.start(models)) {
      JsonNode health = server.get("/health").json();
      assertThat(health.path("status").textValue()).isEqualTo("ok");
      assertThat(health.path("models").get(0).path("reason").textValue())
          .isEqualTo(
              "'%s' was asked for, and this is the CPU's build, which has none: use the GPU image, skiff:gpu, or ask for cpu"
                  .formatted(provider));
      assertThat(health.path("models").get(1).path("state").textValue()).isEqualTo("ready");
      Reply reply = server.post("/predict/add", "[1, 2, 3]");
      assertThat(reply.status()).isEqualTo(503);
      assertThat(reply.json().path("error").textValue())
          .startsWith("model 'add' version 1 is unavailable: '" + provider + "' was asked for");
    }
  }

  /** As a pod has it that reserved a GPU: it is never ready. */
  @Test
  void aServerThatWasAskedForAGpuSaysWhyItHasNone() {
    try (TestServer server = TestServer.start(models, "--provider=cuda")) {
      Reply reply = server.get("/health");
      assertThat(reply.status()).isEqualTo(503);
      assertThat(reply.json().path("status").textValue()).isEqualTo("unavailable");
      assertThat(reply.json().path("models").findValuesAsText("reason"))
          .hasSize(2)
          .allMatch(
              reason -> reason.startsWith("'cuda' was asked for, and this is the CPU's build"));
      assertThat(server.get("/health/ready").status()).isEqualTo(503);
    }
  }

  @Test
  void aModelCanHaveTheCpuToItself() throws IOException {
    Files.writeString(models.resolve("add/model.json"), "{\"provider\": \"cpu\"}");
    try (TestServer server = TestServer.start(models, "--provider=cuda")) {
      JsonNode health = server.get("/health").json();
      assertThat(health.path("models").get(0).path("state").textValue()).isEqualTo("ready");
      assertThat(health.path("models").get(1).path("state").textValue()).isEqualTo("unavailable");
    }
  }

  @Test
  void aGpuThatIsRequiredIsNotReplaced() {
    try (TestServer server = TestServer.start(models, "--require-full-gpu=true")) {
      Reply reply = server.get("/health");
      assertThat(reply.status()).isEqualTo(503);
      assertThat(reply.json().path("models").get(0).path("reason").textValue())
          .isEqualTo("require-full-gpu is set, but this is the CPU's build");
    }
  }
}
