package dev.skiff.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Libraries with the functions of CUDA's, for ONNX Runtime's own provider on a machine without a
 * GPU; see {@code stand-in.py}. Needs Python and gcc.
 */
final class CudaStandIn {
  /** The server's tests, with the stand-in's source and models. */
  static final Path SERVER_TESTS = Path.of("../server/src/test").toAbsolutePath();

  private CudaStandIn() {}

  /** Makes that for the provider of the image under test, in a new folder. */
  static void make(Path folder) throws IOException, InterruptedException {
    Path natives = folder.resolveSibling("native");
    String container = Docker.run("create", ImageUnderTest.name());
    Docker.run("cp", container + ":/skiff/native", natives.toString());
    Docker.run("rm", container);
    Process process =
        new ProcessBuilder(
                "python3",
                SERVER_TESTS.resolve("gpu/stand-in.py").toString(),
                natives.toString(),
                folder.toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor()).as("stand-in.py").isZero();
  }
}
