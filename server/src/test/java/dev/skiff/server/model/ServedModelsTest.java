package dev.skiff.server.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Which model a path without a name means, while models come and go. */
class ServedModelsTest {
  private static final Optional<String> NOBODY = Optional.empty();

  @Test
  void theOnlyModelStaysTheDefaultWhenOthersCome() {
    ServedModels one = served(NOBODY, "iris");
    assertThat(defaultOf(one.with("wine", model("wine", false)))).isEqualTo("iris");
  }

  @Test
  void aMarkedModelTakesItsPlace() {
    ServedModels one = served(NOBODY, "iris");
    ServedModels two = one.with("wine", model("wine", true));
    assertThat(defaultOf(two)).isEqualTo("wine");
    assertThat(defaultOf(two.with("rose", model("rose", true)))).isEqualTo("wine");
  }

  @Test
  void theLoneModelTakesItInAnyCase() {
    ServedModels one = ServedModels.of(NOBODY, new TreeMap<>()).with("a", model("a", true));
    assertThat(defaultOf(one.with("model", model("model", false)))).isEqualTo("model");
  }

  @Test
  void theConfiguredOneStaysIt() {
    ServedModels chosen = served(Optional.of("iris"), "iris", "wine");
    assertThat(defaultOf(chosen.with("model", model("model", true)))).isEqualTo("iris");
  }

  @Test
  void noOtherAnswersForADefaultThatHasGone() {
    ServedModels left = served(NOBODY, "iris").with("wine", model("wine", false)).without("iris");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> defaultOf(left))
        .returns(ErrorCode.NOT_FOUND, InferenceException::code)
        .withMessage("there is no model 'iris', only [wine]");
    assertThat(defaultOf(left.with("iris", model("iris", false)))).isEqualTo("iris");
  }

  @Test
  void theFirstModelOfAnEmptyRepositoryBecomesIt() {
    ServedModels none = ServedModels.of(NOBODY, new TreeMap<>());
    assertThat(defaultOf(none.with("iris", model("iris", false)))).isEqualTo("iris");
  }

  @Test
  void amongSeveralThereIsNone() {
    ServedModels two = served(NOBODY, "iris", "wine");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> defaultOf(two))
        .returns(ErrorCode.INVALID_ARGUMENT, InferenceException::code);
  }

  @Test
  void whatWasSeenBeforeAChangeStaysAsItWas() {
    ServedModels before = served(NOBODY, "iris");
    before.without("iris");
    before.with("iris", model("iris", true));
    assertThat(before.versions("iris")).containsExactly(1L);
    assertThat(before.all()).hasSize(1);
  }

  private static ServedModels served(Optional<String> chosen, String... names) {
    SortedMap<String, ServedModel> models = new TreeMap<>();
    for (String name : names) {
      models.put(name, model(name, false));
    }
    return ServedModels.of(chosen, models);
  }

  private static ServedModel model(String name, boolean isDefault) {
    TreeMap<Long, ModelVersion> versions = new TreeMap<>();
    versions.put(1L, new ModelVersion(name, 1));
    return new ServedModel(isDefault, versions);
  }

  private static String defaultOf(ServedModels models) {
    return models.find(Optional.empty(), OptionalLong.empty()).model();
  }
}
