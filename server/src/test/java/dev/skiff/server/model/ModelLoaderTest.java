package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.config.ProviderConfig;
import dev.skiff.server.config.ProviderConfig.Choice;
import dev.skiff.server.runtime.ModelLoadException;
import dev.skiff.server.runtime.NodePlacement;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ModelLoaderTest {
  private static final NodePlacement PARTLY =
      new NodePlacement(
          new TreeMap<>(Map.of("cuda", 7, "cpu", 2)), new TreeSet<>(Set.of("Shape", "NonZero")));
  private static final NodePlacement WHOLLY =
      new NodePlacement(new TreeMap<>(Map.of("cuda", 9)), new TreeSet<>());

  @Test
  void nodesOnTheCpuAreRefusedWhereTheWholeGpuIsRequired() {
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelLoader.placed(PARTLY, "m", config(true)))
        .withMessage("require-full-gpu is set, but 2 of 9 nodes run on the CPU (NonZero, Shape)");
  }

  @Test
  void elseTheyAreTaken() {
    assertThatCode(() -> ModelLoader.placed(PARTLY, "m", config(false))).doesNotThrowAnyException();
    assertThatCode(() -> ModelLoader.placed(WHOLLY, "m", config(true))).doesNotThrowAnyException();
  }

  private static ProviderConfig config(boolean requireFullGpu) {
    return new ProviderConfig(
        Choice.AUTO, 0, OptionalLong.empty(), requireFullGpu, new TreeMap<>());
  }
}
