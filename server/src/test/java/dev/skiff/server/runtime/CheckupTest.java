package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckupTest {
  @Test
  void aProviderWhoseLibraryIsMissingIsNotSaidToBeThere(@TempDir Path natives) throws IOException {
    Files.createFile(natives.resolve("libonnxruntime_providers_cuda.so"));
    assertThat(Checkup.label(OrtProvider.CPU, natives.toString())).isEqualTo("cpu");
    assertThat(Checkup.label(OrtProvider.CUDA, natives.toString())).isEqualTo("cuda");
    assertThat(Checkup.label(OrtProvider.TENSOR_RT, natives.toString()))
        .isEqualTo("tensorrt (but libonnxruntime_providers_tensorrt.so is missing)");
  }

  /** They are unpacked elsewhere then, when they are needed. */
  @Test
  void withoutAFolderOfNativesNothingIsKnown() {
    assertThat(Checkup.label(OrtProvider.TENSOR_RT, null)).isEqualTo("tensorrt");
  }

  @Test
  void whetherTheBuildHasKernelsForTheGpu() {
    assertThat(Checkup.match(0, FakeDevice.BLACKWELL))
        .contains("GPU 0 is sm_120: not in this build");
    assertThat(Checkup.match(1, FakeDevice.HOPPER)).contains("GPU 1 is sm_90: in this build");
    assertThat(Checkup.match(0, FakeDevice.UNKNOWN)).isEmpty();
  }

  /** An image without cuDNN is no fault of the GPU; a cuDNN that does not load is one. */
  @Test
  void anImageWithoutCudnnIsMeantToBeSo() {
    OrtException unavailable = new OrtException("cuDNN is unavailable or disabled");
    assertThat(Checkup.isWithoutCudnn(unavailable, machine())).isTrue();
    assertThat(Checkup.isWithoutCudnn(unavailable, machine("libcudnn.so.9"))).isFalse();
    assertThat(Checkup.isWithoutCudnn(new OrtException("CUDNN failure 3000"), machine())).isFalse();
  }

  private static Machine machine(String... libraries) {
    return new Machine(true, Optional.empty(), Optional.empty(), new TreeSet<>(Set.of(libraries)));
  }
}
