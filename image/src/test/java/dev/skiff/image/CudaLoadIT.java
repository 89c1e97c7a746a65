package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.image.prune.Prune;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole chain in the image, from ONNX Runtime through its provider and CUDA's libraries to
 * where they ask for a driver, which is not here: error 35, cudaErrorInsufficientDriver.
 */
@Tag("gpu-image")
@Timeout(300)
class CudaLoadIT {
  private static final Path UNPRUNED =
      Path.of(
          "target/onnxruntime_gpu/ai/onnxruntime/native/linux-x64/libonnxruntime_providers_cuda.so");

  @TempDir private Path temporary;

  @Test
  void thePrunedProviderIsLoadedUpToTheDriver() {
    assertThat(load()).contains("CUDA failure 35");
  }

  /**
   * As ONNX Runtime publishes it, with all its code, but without the libraries that it is linked to
   * and never uses: with those it cannot be loaded here at all.
   */
  @Test
  void theUnprunedProviderIsLoadedAsFar() throws Exception {
    assertThat(UNPRUNED).as("the profile provider unpacks it").isRegularFile();
    Path unlinked = temporary.resolve("provider.so");
    Process prune =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                "target/skiff-image.jar",
                Prune.class.getName(),
                UNPRUNED.toString(),
                unlinked.toString())
            .inheritIO()
            .start();
    assertThat(prune.waitFor()).isZero();
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));

    String provider = "/skiff/native/libonnxruntime_providers_cuda.so";
    assertThat(load("--volume", unlinked + ":" + provider + ":ro")).contains("CUDA failure 35");
  }

  private static String load(String... options) {
    return ImageUnderTest.java(
        List.of(options),
        "-Donnxruntime.native.path=/skiff/native",
        "-cp",
        "/test:/skiff/lib/*",
        LoadCudaProvider.class.getName(),
        "/models/iris/model.onnx");
  }
}
