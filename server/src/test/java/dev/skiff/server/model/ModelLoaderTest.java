package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.config.ProviderConfig;
import dev.skiff.server.config.ProviderConfig.Choice;
import dev.skiff.server.runtime.Accelerators;
import dev.skiff.server.runtime.ExecutionProvider;
import dev.skiff.server.runtime.ModelLoadException;
import dev.skiff.server.runtime.NodePlacement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelLoaderTest {
  private static final Accelerators DEVICE = new FakeAccelerators(true, Optional.empty());
  private static final ExecutionProvider CPU = new ExecutionProvider.Cpu(1);
  private static final NodePlacement PARTLY =
      new NodePlacement(
          new TreeMap<>(Map.of("cuda", 7, "cpu", 2)), new TreeSet<>(Set.of("Shape", "NonZero")));
  private static final NodePlacement WHOLLY =
      new NodePlacement(new TreeMap<>(Map.of("cuda", 9)), new TreeSet<>());

  private final List<String> logged = new ArrayList<>();

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

  @Test
  void aModelThatAutoLeavesToTheCpuIsSaidWhy() throws ModelLoadException {
    FakeAccelerators none = new FakeAccelerators(true, Optional.of("no GPU here"));
    assertThat(load(none, ProviderChoice::provider)).isEqualTo(CPU);
    assertThat(logged).containsExactly("WARNING model 'm' runs on the CPU: no GPU here");
  }

  /** Neither what was expected is said, nor what the CPU's build is. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aModelThatRunsWhereItWasMeantToIsNotTalkedOf(boolean built) throws ModelLoadException {
    assertThat(load(new FakeAccelerators(built, Optional.empty()), ProviderChoice::regret))
        .isEmpty();
    assertThat(logged).isEmpty();
  }

  @Test
  void aModelThatOnlyTheGpuCannotRunIsLoadedOnTheCpuAndSaidWhy() throws ModelLoadException {
    ProviderChoice choice = load(DEVICE, ModelLoaderTest::withoutCudnn);
    assertThat(choice).isEqualTo(new ProviderChoice(CPU, Optional.of("it needs cuDNN")));
    assertThat(Placement.on(choice, WHOLLY).regret()).contains("it needs cuDNN");
    assertThat(logged).containsExactly("WARNING model 'm' runs on the CPU: it needs cuDNN");
  }

  @Test
  void aModelThatNothingCanRunIsRefused() {
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(
            () ->
                load(
                    DEVICE,
                    choice -> {
                      throw new ModelLoadException("no model at all");
                    }))
        .withMessage("no model at all");
    assertThat(logged).isEmpty();
  }

  private static ProviderChoice withoutCudnn(ProviderChoice choice) throws ModelLoadException {
    if (choice.provider() instanceof ExecutionProvider.Accelerator) {
      throw ModelLoadException.ofOperators("it needs cuDNN");
    }
    return choice;
  }

  private <T> T load(Accelerators accelerators, ModelLoader.Loading<T> loading)
      throws ModelLoadException {
    Logger log = Logger.getLogger(ModelLoader.class.getName());
    Handler handler = handler();
    log.addHandler(handler);
    try {
      return ModelLoader.onGpuOrCpu("m", config(false), accelerators, loading);
    } finally {
      log.removeHandler(handler);
    }
  }

  private Handler handler() {
    Formatter formatter = new SimpleFormatter();
    return new Handler() {
      @Override
      public void publish(LogRecord event) {
        logged.add(event.getLevel() + " " + formatter.formatMessage(event));
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
  }

  private static ProviderConfig config(boolean requireFullGpu) {
    return new ProviderConfig(
        Choice.AUTO, 0, OptionalLong.empty(), requireFullGpu, new TreeMap<>());
  }
}
