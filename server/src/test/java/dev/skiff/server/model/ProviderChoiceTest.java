package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.config.ProviderConfig;
import dev.skiff.server.config.ProviderConfig.Choice;
import dev.skiff.server.config.RuntimeConfigs;
import dev.skiff.server.runtime.Accelerators;
import dev.skiff.server.runtime.ExecutionProvider.Accelerator;
import dev.skiff.server.runtime.ExecutionProvider.Cpu;
import dev.skiff.server.runtime.ExecutionProvider.Cuda;
import dev.skiff.server.runtime.ExecutionProvider.Gpu;
import dev.skiff.server.runtime.ExecutionProvider.TensorRt;
import dev.skiff.server.runtime.ModelLoadException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProviderChoiceTest {
  private static final Gpu FIRST = new Gpu(0, OptionalLong.empty(), new TreeMap<>());

  private static final Accelerators CPU_BUILD =
      new FakeAccelerators(false, Optional.of("no CUDA in it"));
  private static final Accelerators NO_DEVICE =
      new FakeAccelerators(true, Optional.of("no GPU here"));
  private static final Accelerators DEVICE = new FakeAccelerators(true, Optional.empty());

  @Test
  void autoOnTheCpusBuildIsTheCpuWithoutAWord() throws ModelLoadException {
    assertThat(choose(Choice.AUTO, CPU_BUILD))
        .isEqualTo(new ProviderChoice(new Cpu(1), Optional.empty()));
  }

  @Test
  void autoWithoutAUsableDeviceSaysWhyItIsTheCpu() throws ModelLoadException {
    assertThat(choose(Choice.AUTO, NO_DEVICE))
        .isEqualTo(new ProviderChoice(new Cpu(1), Optional.of("no GPU here")));
  }

  @Test
  void autoTakesADeviceThatCanBeUsed() throws ModelLoadException {
    assertThat(choose(Choice.AUTO, DEVICE))
        .isEqualTo(new ProviderChoice(new Cuda(1, FIRST), Optional.empty()));
  }

  @ParameterizedTest
  @EnumSource(names = {"CUDA", "TENSORRT"})
  void whatWasAskedForIsNeverReplaced(Choice choice) {
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> choose(choice, NO_DEVICE))
        .withMessage("no GPU here");
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> choose(choice, CPU_BUILD))
        .withMessage("no CUDA in it");
  }

  @Test
  void whatWasAskedForIsTakenWithItsSettings() throws ModelLoadException {
    TreeMap<String, String> options = new TreeMap<>(Map.of("use_tf32", "0"));
    ProviderConfig config = new ProviderConfig(Choice.CUDA, 2, OptionalLong.of(5), false, options);
    assertThat(ProviderChoice.of(config, DEVICE).provider())
        .isEqualTo(new Cuda(1, new Gpu(2, OptionalLong.of(5), options)));
    assertThat(choose(Choice.TENSORRT, DEVICE).provider()).isEqualTo(new TensorRt(1, FIRST));
  }

  @Test
  void theCpuAskedForLeavesTheGpuAlone() throws ModelLoadException {
    Accelerators untouchable =
        new Accelerators() {
          @Override
          public boolean built() {
            throw new AssertionError("nobody needs to know");
          }

          @Override
          public Optional<String> objection(Accelerator wanted) {
            throw new AssertionError("nobody needs to know");
          }
        };
    assertThat(choose(Choice.CPU, untouchable))
        .isEqualTo(new ProviderChoice(new Cpu(1), Optional.empty()));
  }

  @Test
  void autoTakesTheCpuForAModelThatOnlyTheGpuCannotRun() throws ModelLoadException {
    ModelLoadException lacking = ModelLoadException.ofOperators("no cuDNN");
    ProviderConfig auto = RuntimeConfigs.provider(Choice.AUTO);
    assertThat(choose(Choice.AUTO, DEVICE).insteadFor(auto, lacking))
        .isEqualTo(new ProviderChoice(new Cpu(1), Optional.of("no cuDNN")));
    ModelLoadException another = new ModelLoadException("no model at all");
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> choose(Choice.AUTO, DEVICE).insteadFor(auto, another))
        .isSameAs(another);
    ProviderConfig required =
        new ProviderConfig(Choice.AUTO, 0, OptionalLong.empty(), true, new TreeMap<>());
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> choose(Choice.AUTO, DEVICE).insteadFor(required, lacking))
        .withMessage("require-full-gpu is set, but no cuDNN");
  }

  @ParameterizedTest
  @EnumSource(names = {"CUDA", "TENSORRT"})
  void whatWasAskedForIsNotReplacedForOneModelEither(Choice choice) {
    ModelLoadException lacking = ModelLoadException.ofOperators("no cuDNN");
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(
            () -> choose(choice, DEVICE).insteadFor(RuntimeConfigs.provider(choice), lacking))
        .isSameAs(lacking);
  }

  @Test
  void aGpuThatIsRequiredIsNotReplaced() {
    assertRefused(Choice.AUTO, NO_DEVICE, "require-full-gpu is set, but no GPU here");
    assertRefused(Choice.AUTO, CPU_BUILD, "require-full-gpu is set, but this is the CPU's build");
    assertRefused(
        Choice.CPU, DEVICE, "require-full-gpu is set, but the configuration asks for the CPU");
  }

  private static void assertRefused(Choice choice, Accelerators accelerators, String reason) {
    ProviderConfig config =
        new ProviderConfig(choice, 0, OptionalLong.empty(), true, new TreeMap<>());
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ProviderChoice.of(config, accelerators))
        .withMessage(reason);
  }

  private static ProviderChoice choose(Choice choice, Accelerators accelerators)
      throws ModelLoadException {
    return ProviderChoice.of(RuntimeConfigs.provider(choice), accelerators);
  }
}
