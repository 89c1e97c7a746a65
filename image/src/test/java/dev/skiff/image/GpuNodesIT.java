package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Bind;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which nodes run on the GPU, as ONNX Runtime's own provider takes them, on a stand-in for CUDA's
 * libraries.
 */
@Tag("gpu-image")
@Timeout(300)
class GpuNodesIT {
  @TempDir private Path folder;

  @Test
  void areProvenAndMayBeRequired() throws Exception {
    CudaStandIn.make(folder.resolve("cuda"));
    Path forest = Files.createDirectories(folder.resolve("forest"));
    Files.copy(Path.of("../models/iris/model.onnx"), forest.resolve("model.onnx"));
    Path required = Files.createDirectories(folder.resolve("required"));
    Files.copy(Path.of("../models/iris/model.onnx"), required.resolve("model.onnx"));
    Files.writeString(required.resolve("model.json"), "{\"require-full-gpu\": true}");
    try (Skiff skiff = skiff(forest, required)) {
      skiff.start();
      assertThat(skiff.get("/health"))
          .contains(ready("mean", "{\"cuda\":2}"), ready("forest", "{\"cpu\":2,\"cuda\":1}"))
          .contains(
              "\"name\":\"required\",\"version\":\"1\",\"state\":\"unavailable\",\"reason\":\"require-full-gpu is"
                  + " set, but 2 of 3 nodes run on the CPU (TreeEnsembleClassifier, ZipMap)\"");
      assertThat(skiff.get("/v2/models/mean/stats")).contains("\"nodes\":{\"cuda\":2}");
      assertThat(skiff.get("/metrics"))
          .contains("skiff_model_nodes{model=\"forest\",provider=\"cpu\",version=\"1\"} 2.0");
    }
  }

  private static String ready(String model, String nodes) {
    return "\"name\":\"%s\",\"version\":\"1\",\"state\":\"ready\",\"execution_provider\":\"cuda\",\"gpu_device\":0,\"nodes\":%s"
        .formatted(model, nodes);
  }

  private Skiff skiff(Path forest, Path required) {
    return new Skiff()
        .host(
            host ->
                host.withBinds(
                    Bind.parse(folder.resolve("cuda") + ":/cuda:ro"),
                    Bind.parse(
                        CudaStandIn.SERVER_TESTS.resolve("fixtures/mean") + ":/served/mean:ro"),
                    Bind.parse(forest + ":/served/forest:ro"),
                    Bind.parse(required + ":/served/required:ro")))
        .withEnv("LD_LIBRARY_PATH", "/cuda")
        .withEnv("SKIFF_MODELS", "/served");
  }
}
