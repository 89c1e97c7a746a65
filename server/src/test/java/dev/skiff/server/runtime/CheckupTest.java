package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
