package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The manifests in deploy/, checked against the schemas of Kubernetes and of Compose. */
class ManifestsTest {
  private static final Path DEPLOY = Path.of("../deploy");
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Map<String, String> KINDS =
      Map.of(
          "apps/v1 Deployment", "io.k8s.api.apps.v1.Deployment",
          "v1 Service", "io.k8s.api.core.v1.Service",
          "autoscaling/v2 HorizontalPodAutoscaler",
              "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler");
  private static final SchemaRegistry SCHEMAS =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

  static List<Path> kubernetes() throws IOException {
    return files("kubernetes");
  }

  static List<Path> compose() throws IOException {
    return files("compose");
  }

  @ParameterizedTest
  @MethodSource("kubernetes")
  void isWhatKubernetesTakes(Path file) throws IOException {
    for (JsonNode manifest : documents(file)) {
      assertThat(errors(manifest)).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("compose")
  void isWhatComposeTakes(Path file) throws IOException {
    assertThat(errors("compose.json", YAML.readTree(file.toFile()))).isEmpty();
  }

  /** So that the tests above would notice. */
  @Test
  void aWrongNameIsFound() throws IOException {
    JsonNode deployment = documents(DEPLOY.resolve("kubernetes/gpu.yaml")).getFirst();
    ((ObjectNode) container(deployment)).putObject("livenesProbe");
    assertThat(errors(deployment)).singleElement().asString().contains("livenesProbe");

    JsonNode compose = YAML.readTree(DEPLOY.resolve("compose/gpu.yaml").toFile());
    ((ObjectNode) compose.at("/services/skiff")).put("read_olny", true);
    assertThat(errors("compose.json", compose)).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("kubernetes")
  void aPodIsProbedAndMayDoNothingButServe(Path file) throws IOException {
    JsonNode deployment = documents(file).getFirst();
    JsonNode pod = deployment.at("/spec/template/spec");
    JsonNode container = container(deployment);
    assertThat(container.at("/startupProbe/httpGet/path").asText()).isEqualTo("/health/ready");
    assertThat(container.at("/readinessProbe/httpGet/path").asText()).isEqualTo("/health/ready");
    assertThat(container.at("/livenessProbe/httpGet/path").asText()).isEqualTo("/health/live");
    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
    assertThat(pod.at("/securityContext/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
    assertThat(container.at("/securityContext/readOnlyRootFilesystem").asBoolean()).isTrue();
    assertThat(container.at("/securityContext/allowPrivilegeEscalation").asBoolean(true)).isFalse();
    assertThat(container.at("/securityContext/capabilities/drop/0").asText()).isEqualTo("ALL");
  }

  /**
   * A probe that is late once is no reason to go, and a server that drains is out before it ends.
   */
  @ParameterizedTest
  @MethodSource("kubernetes")
  void readinessIsPatientButTurnsWithinTheDrainDelay(Path file) throws IOException {
    JsonNode container = container(documents(file).getFirst());
    JsonNode probe = container.path("readinessProbe");
    int failures = probe.path("failureThreshold").asInt();
    assertThat(failures).isGreaterThan(1);
    assertThat(probe.path("timeoutSeconds").asInt()).isGreaterThan(1);
    assertThat(container.path("livenessProbe").path("timeoutSeconds").asInt()).isGreaterThan(1);
    assertThat(Duration.ofSeconds((long) failures * probe.path("periodSeconds").asInt()))
        .isLessThan(Duration.parse("PT" + variable(container, "SKIFF_DRAIN_DELAY")));
  }

  private static String variable(JsonNode container, String name) {
    for (JsonNode variable : container.path("env")) {
      if (variable.path("name").asText().equals(name)) {
        return variable.path("value").asText();
      }
    }
    throw new AssertionError("there is no " + name);
  }

  @ParameterizedTest
  @MethodSource("kubernetes")
  void whatRefersToADeploymentMeansTheOneInTheFile(Path file) throws IOException {
    List<JsonNode> manifests = documents(file);
    JsonNode deployment = manifests.getFirst();
    JsonNode labels = deployment.at("/spec/template/metadata/labels");
    assertThat(deployment.at("/spec/selector/matchLabels")).isEqualTo(labels);
    for (JsonNode manifest : manifests) {
      switch (manifest.path("kind").asText()) {
        case "Service" -> assertThat(manifest.at("/spec/selector")).isEqualTo(labels);
        case "HorizontalPodAutoscaler" ->
            assertThat(manifest.at("/spec/scaleTargetRef/name"))
                .isEqualTo(deployment.at("/metadata/name"));
        default -> assertThat(manifest).isSameAs(deployment);
      }
    }
  }

  @Test
  void aGpuIsAskedFor() throws IOException {
    List<JsonNode> manifests = documents(DEPLOY.resolve("kubernetes/gpu.yaml"));
    assertThat(container(manifests.getFirst()).at("/resources/limits/nvidia.com~1gpu").asInt())
        .isEqualTo(1);
    JsonNode device =
        YAML.readTree(DEPLOY.resolve("compose/gpu.yaml").toFile())
            .at("/services/skiff/deploy/resources/reservations/devices/0");
    assertThat(device.path("driver").asText()).isEqualTo("nvidia");
    assertThat(device.at("/capabilities/0").asText()).isEqualTo("gpu");
  }

  /** And never replaced by the CPU: without one, nothing turns ready. */
  @Test
  void theGpuThatIsReservedIsTheOneThatServes() throws IOException {
    JsonNode pod = container(documents(DEPLOY.resolve("kubernetes/gpu.yaml")).getFirst());
    assertThat(variable(pod, "SKIFF_PROVIDER")).isEqualTo("cuda");
    assertThat(
            YAML.readTree(DEPLOY.resolve("compose/gpu.yaml").toFile())
                .at("/services/skiff/environment/SKIFF_PROVIDER")
                .asText())
        .isEqualTo("cuda");
  }

  @Test
  void podsAreAddedByAMetricThatThereIs() throws IOException {
    JsonNode autoscaler = documents(DEPLOY.resolve("kubernetes/gpu.yaml")).getLast();
    String metric = autoscaler.at("/spec/metrics/0/pods/metric/name").asText();
    assertThat(metric).isNotEmpty();
    assertThat(Files.readString(Path.of("../README.md"))).contains("`" + metric + "`");
  }

  private static JsonNode container(JsonNode deployment) {
    return deployment.at("/spec/template/spec/containers/0");
  }

  private static List<String> errors(JsonNode manifest) throws IOException {
    String kind = manifest.path("apiVersion").asText() + " " + manifest.path("kind").asText();
    assertThat(KINDS).containsKey(kind);
    return errors("kubernetes.json#/$defs/" + KINDS.get(kind), manifest);
  }

  private static List<String> errors(String schema, JsonNode document) {
    return SCHEMAS
        .getSchema(SchemaLocation.of("classpath:schemas/" + schema))
        .validate(document)
        .stream()
        .map(Object::toString)
        .toList();
  }

  private static List<JsonNode> documents(Path file) throws IOException {
    List<JsonNode> documents = new ArrayList<>();
    try (var parser = YAML.createParser(file.toFile())) {
      YAML.readValues(parser, JsonNode.class).forEachRemaining(documents::add);
    }
    assertThat(documents).isNotEmpty();
    return documents;
  }

  private static List<Path> files(String folder) throws IOException {
    try (var files = Files.list(DEPLOY.resolve(folder))) {
      return files.sorted().toList();
    }
  }
}
