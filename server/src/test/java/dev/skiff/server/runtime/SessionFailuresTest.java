package dev.skiff.server.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** The errors are what ONNX Runtime 1.29 says. */
class SessionFailuresTest {
  private final OrtException ofTheModel =
      new OrtException("indices element out of data bounds, idx=99");
  private final OrtException passing = new OrtException("CUDA failure 2: out of memory");
  private final OrtException sticky =
      new OrtException("CUDA failure 700: an illegal memory access was encountered");

  private final List<String> lost = new ArrayList<>();
  private final SessionFailures onTheGpu =
      new SessionFailures(
          new ExecutionProvider.Cuda(
              1, new ExecutionProvider.Gpu(0, OptionalLong.empty(), Collections.emptySortedMap())),
          lost::add);

  @Test
  void aModelsOwnErrorIsNoFaultOfTheGpu() {
    assertThat(onTheGpu.isFaultOfGpu(ofTheModel)).isFalse();
    assertThat(onTheGpu.ofRun(ofTheModel))
        .returns(ErrorCode.INTERNAL, InferenceException::code)
        .hasMessageStartingWith("the model failed: ");
    assertThat(onTheGpu.fault()).isEmpty();
    assertThat(lost).isEmpty();
  }

  @Test
  void theLastFaultIsKept() {
    assertThat(onTheGpu.isFaultOfGpu(passing)).isTrue();
    InferenceException error = onTheGpu.ofRun(passing);
    onTheGpu.ofRun(ofTheModel);
    assertThat(onTheGpu.fault().orElseThrow())
        .hasMessage(error.getMessage())
        .returns(false, ModelLoadException::cpuWouldDo);
    assertThat(lost).isEmpty();
  }

  /** As it is loaded, and as it runs first. */
  @Test
  void aModelThatOnlyTheGpuCannotRun() {
    OrtException ofItsOperators = new OrtException("cuDNN is unavailable or disabled");
    assertThat(onTheGpu.ofLoad(ofItsOperators)).returns(true, ModelLoadException::cpuWouldDo);
    onTheGpu.ofRun(ofItsOperators);
    assertThat(onTheGpu.fault().orElseThrow()).returns(true, ModelLoadException::cpuWouldDo);
    assertThat(onTheGpu.ofLoad(ofTheModel)).returns(false, ModelLoadException::cpuWouldDo);
  }

  @Test
  void aGpuThatIsLostIsToldOfWhetherItRanOrLoaded() {
    String sentence = onTheGpu.ofRun(sticky).getMessage();
    assertThat(lost).containsExactly(sentence);
    assertThat(onTheGpu.ofLoad(sticky)).hasMessage(sentence).hasCause(sticky);
    assertThat(lost).containsExactly(sentence, sentence);
  }

  @Test
  void nothingIsAFaultOfTheGpuWithoutOne() {
    SessionFailures onTheCpu = new SessionFailures(new ExecutionProvider.Cpu(1), lost::add);
    assertThat(onTheCpu.isFaultOfGpu(sticky)).isFalse();
    onTheCpu.ofRun(sticky);
    assertThat(onTheCpu.fault()).isEmpty();
    assertThat(lost).isEmpty();
  }
}
