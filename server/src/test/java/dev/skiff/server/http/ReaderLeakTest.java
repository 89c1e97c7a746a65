package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.SOON;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.model.LoadedModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A refused request gives every tensor back to the pool, those that it had read included. */
class ReaderLeakTest {
  private static final String A =
      "{\"name\":\"a\",\"shape\":[1,2],\"datatype\":\"FP32\",\"data\":[1,2]}";
  private static final String B =
      "{\"name\":\"b\",\"shape\":[1],\"datatype\":\"INT64\",\"data\":[7]}";

  private final LoadedModel model =
      model(spec("a", Datatype.FP32, Shape.DYNAMIC, 2), spec("b", Datatype.INT64, Shape.DYNAMIC));
  private long idle;

  /** Fills the pool, so that what a reader acquires from now on shows. */
  @BeforeEach
  void fill() {
    String good = "{\"inputs\":[" + A + "," + B + "]}";
    InferReader.read(body(good), model, SOON).request().close();
    idle = model.pool().idleBytes();
  }

  @Test
  void showsWhatIsInUse() {
    var read = InferReader.read(body("{\"inputs\":[" + A + "," + B + "]}"), model, SOON);
    assertThat(model.pool().idleBytes()).isZero();
    read.request().close();
    assertThat(model.pool().idleBytes()).isEqualTo(idle).isGreaterThanOrEqualTo(16);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"inputs\":[@A]}",
        "{\"inputs\":[@B]}",
        "{\"inputs\":[@A,@A]}",
        "{\"inputs\":[@A,@B,@B]}",
        "{\"inputs\":[@A,{\"name\":\"b\",\"shape\":[1],\"datatype\":\"INT64\",\"data\":[1.5]}]}",
        "{\"inputs\":[@A,{\"name\":\"b\",\"shape\":[2],\"datatype\":\"INT64\",\"data\":[1]}]}",
        "{\"inputs\":[@A,{\"name\":\"c\"}]}",
        "{\"inputs\":[@A,@B],\"outputs\":[{\"name\":\"q\"}]}",
        "{\"inputs\":[@A,@B],\"outputs\":5}",
        "{\"inputs\":[@A,@B],\"id\":5}",
        "{\"inputs\":[@A,@B],\"inputs\":[]}",
        "{\"inputs\":[@A,@B]",
        "{\"inputs\":[@A,@B]}}",
        "{\"inputs\":[@A,@B]} 1",
        "{\"inputs\":[@A,@B],\"deep\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
      })
  void leavesNothingBehindInV2(String json) {
    String whole = json.replace("@A", A).replace("@B", B);
    assertInvalid(() -> InferReader.read(body(whole), model, SOON));
    long idleThen = model.pool().idleBytes();
    // More, where the request had one input twice.
    assertThat(idleThen).isGreaterThanOrEqualTo(idle);
    for (int i = 0; i < 3; i++) {
      assertInvalid(() -> InferReader.read(body(whole), model, SOON));
      assertThat(model.pool().idleBytes()).isEqualTo(idleThen);
    }
  }

  @Test
  void readsStraightIntoTheTensor() {
    LoadedModel fresh = model(spec("a", Datatype.FP32, Shape.DYNAMIC, 2));
    InferReader.read(body("{\"inputs\":[" + A + "]}"), fresh, SOON).request().close();
    PredictReader.read(body("[3,4]"), fresh, SOON).request().close();
    PredictReader.read(body("{\"instances\":[[3,4]]}"), fresh, SOON).request().close();
    // One tensor has served them all, and nothing else was borrowed on the way.
    assertThat(fresh.pool().idleBytes()).isEqualTo(2 * Float.BYTES);
  }

  @Test
  void allocatesNothingOnAMereWord() {
    String huge = A.replace("[1,2],", "[100000,2],");
    LoadedModel fresh = model(spec("a", Datatype.FP32, Shape.DYNAMIC, 2));
    assertInvalid(() -> InferReader.read(body("{\"inputs\":[" + huge + "]}"), fresh, SOON));
    assertThat(fresh.pool().idleBytes()).isLessThan(10_000);
  }

  @Test
  void leavesNothingBehindWhenAParameterIsRefused() {
    String json = "{\"inputs\":[" + A + "," + B + "],\"parameters\":{\"sequence_id\":1}}";
    assertInvalid(() -> InferReader.read(body(json), model, SOON));
    assertThat(model.pool().idleBytes()).isEqualTo(idle);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"inputs\":{\"a\":[[1,2]]}}",
        "{\"inputs\":{\"b\":[7]}}",
        "{\"inputs\":{\"a\":[[1,2]],\"b\":[[7]]}}",
        "{\"inputs\":{\"b\":[7],\"a\":[[1,2,3]]}}",
        "{\"inputs\":{\"a\":[[1,2]],\"b\":[7.5]}}",
        "{\"instances\":[{\"a\":[1,2],\"b\":7},{\"a\":[1,2]}]}",
        "{\"instances\":[{\"a\":[1,2],\"b\":7}]",
        "{\"instances\":[{\"a\":[1,2],\"b\":7}]}}",
        "{\"instances\":[{\"a\":[1,2],\"b\":[[7]]}]}",
      })
  void leavesNothingBehindInTheSimpleDialect(String json) {
    assertInvalid(() -> PredictReader.read(body(json), model, SOON));
    long idleThen = model.pool().idleBytes();
    // More, where an input had more than the one row that was expected.
    assertThat(idleThen).isGreaterThanOrEqualTo(idle);
    for (int i = 0; i < 3; i++) {
      assertInvalid(() -> PredictReader.read(body(json), model, SOON));
      assertThat(model.pool().idleBytes()).isEqualTo(idleThen);
    }
  }
}
