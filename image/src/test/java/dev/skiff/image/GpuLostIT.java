package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Bind;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The image for GPUs with a GPU that fails while it serves: ONNX Runtime's own provider, on a
 * stand-in for CUDA's libraries whose functions fail as long as a file is there. Needs Python and
 * gcc.
 */
@Tag("gpu-image")
@Timeout(300)
@SuppressWarnings("NullAway.Init") // JUnit calls make() first
class GpuLostIT {
  private static final String GIBIBYTE = "[16384, 16384]";
  private static final String MORE_THAN_THE_DEVICE = "[65536, 65536]"; // which has 8 GiB

  @TempDir private static Path folder;

  @BeforeAll
  static void make() throws IOException, InterruptedException {
    CudaStandIn.make(folder.resolve("cuda"));
    Files.createDirectory(folder.resolve("fault"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"*:700", "cudaLaunchKernel:719"})
  void anErrorThatStaysEndsTheProcess(String fault) throws Exception {
    try (Skiff skiff = skiff(fault)) {
      skiff.start();
      assertThat(skiff.get("/health")).contains("\"execution_provider\":\"cuda\"");
      skiff.post("/predict/mean", "[1, 2, 3]");
      HttpResponse<String> reply = during(() -> skiff.answer("/predict/mean", "[1, 2, 3]"));
      assertThat(reply.statusCode()).isEqualTo(500);
      assertThat(reply.body()).contains("nothing runs on it any more");
      assertThat(Docker.run("wait", skiff.getContainerId())).isEqualTo("4");
      assertThat(skiff.getLogs()).contains("ERROR ending with exit code 4: the GPU failed");
    }
  }

  @Test
  void memoryThatIsUsedUpIsThereForTheNext() throws Exception {
    try (Skiff skiff = skiff("cudaMalloc:2")) {
      skiff.start();
      assertThat(during(() -> skiff.answer("/predict/huge", GIBIBYTE)).statusCode()).isEqualTo(503);
      assertThat(during(() -> skiff.answer("/predict/huge", MORE_THAN_THE_DEVICE)).statusCode())
          .isEqualTo(507);
      skiff.post("/predict/huge", "[2, 2]");
    }
  }

  private interface Request {
    HttpResponse<String> send() throws IOException, InterruptedException;
  }

  /** The reply to a request that is sent while CUDA's functions fail. */
  private static HttpResponse<String> during(Request request)
      throws IOException, InterruptedException {
    Path now = Files.createFile(folder.resolve("fault/now"));
    try {
      return request.send();
    } finally {
      Files.delete(now);
    }
  }

  private static Skiff skiff(String fault) {
    List<Bind> binds =
        List.of(
            Bind.parse(folder.resolve("cuda") + ":/cuda:ro"),
            Bind.parse(folder.resolve("fault") + ":/fault:ro"),
            Bind.parse(CudaStandIn.SERVER_TESTS.resolve("fixtures/mean") + ":/served/mean:ro"),
            Bind.parse(CudaStandIn.SERVER_TESTS.resolve("fixtures/huge") + ":/served/huge:ro"));
    return new Skiff()
        .host(host -> host.withBinds(binds).withReadonlyRootfs(true))
        .withEnv("LD_LIBRARY_PATH", "/cuda")
        .withEnv("FAIL", fault)
        .withEnv("FAIL_WHEN", "/fault/now")
        .withEnv("SKIFF_MODELS", "/served")
        .withEnv("SKIFF_PROVIDER", "cuda")
        .withEnv("SKIFF_REHEARSAL", "0s");
  }
}
