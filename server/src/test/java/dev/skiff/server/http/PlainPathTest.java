package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlainPathTest {
  private static final PlainPath INFER = path("/v2/models/{model}/versions/{version}/infer");

  @ParameterizedTest
  @CsvSource({"a,1", "Iris-2.0_b,10", "9,x"})
  void findsItsParameters(String model, String version) {
    String[] values = INFER.values("/v2/models/" + model + "/versions/" + version + "/infer");
    assertThat(values).containsExactly(model, version);
    Objects.requireNonNull(values);
    assertThat(INFER.value("model", values)).contains(model);
    assertThat(INFER.value("version", values)).contains(version);
    assertThat(INFER.value("other", values)).isEmpty();
  }

  @Test
  void mayHaveNone() {
    assertThat(path("/predict").values("/predict")).isEmpty();
    assertThat(path("/predict").value("model", new String[0])).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "*",
        "v2/models/a/versions/1/infer",
        "/v2/models/a/versions/1/infer/",
        "/v2/models/a/versions/1/inferx",
        "/v2/models/a/versions/1/infe",
        "/v2/models/a/versions/1",
        "/v2/models/a/versions/1/infer/x",
        "/v2/models//versions/1/infer",
        "//v2/models/a/versions/1/infer",
        "/v2/models/../versions/1/infer",
        "/v2/models/./versions/1/infer",
        "/v2/models/.a/versions/1/infer",
        "/v2/models/-a/versions/1/infer",
        "/v2/models/%61/versions/1/infer",
        "/v2/models/a;b/versions/1/infer",
        "/v2/models/a+b/versions/1/infer",
        "/v2/models/\u0430/versions/1/infer",
        "/V2/models/a/versions/1/infer",
      })
  void leavesOtherPathsAlone(String path) {
    assertThat(INFER.values(path)).isNull();
  }

  @Test
  void leavesOverlongNamesAlone() {
    assertThat(path("/predict/{model}").values("/predict/" + "x".repeat(128))).isNotNull();
    assertThat(path("/predict/{model}").values("/predict/" + "x".repeat(129))).isNull();
  }

  private static PlainPath path(String path) {
    return new PlainPath(Route.fastPost(path, it -> {}));
  }
}
