package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.SOON;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.input;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InferReaderTest {
  private static final TensorSpec A = spec("a", Datatype.FP32, Shape.DYNAMIC, 2);
  private static final TensorSpec B = spec("b", Datatype.INT64, Shape.DYNAMIC);
  private static final LoadedModel TWO =
      model(
          List.of(A, B),
          List.of(spec("y", Datatype.FP32, 1), spec("z", Datatype.FP32, 1)),
          List.of());
  private static final LoadedModel ONE = model(A);
  private static final String GOOD_A =
      "{\"name\":\"a\",\"shape\":[1,2],\"datatype\":\"FP32\",\"data\":[1,2]}";
  private static final String GOOD_B =
      "{\"name\":\"b\",\"shape\":[1],\"datatype\":\"INT64\",\"data\":[7]}";

  @Test
  void readsARequest() {
    InferRequest read =
        read(
            "{\"id\":\"42\",\"inputs\":["
                + GOOD_B
                + ","
                + GOOD_A
                + "],\"outputs\":[{\"name\":\"z\"}]}",
            TWO);
    assertThat(read.id()).contains("42");
    assertThat(read.request().outputs()).containsExactly("z");
    assertThat(read.request().deadline()).isEqualTo(SOON);
    assertThat(read.request().inputs()).containsOnlyKeys("a", "b");
    assertThat(input(read.request(), "a").shape()).isEqualTo(Shape.of(1, 2));
    assertThat(floats(input(read.request(), "a"))).containsExactly(1f, 2f);
    assertThat(input(read.request(), "b").data().getLong(0)).isEqualTo(7);
    read.request().close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",\"outputs\":[]"})
  void givesAllOutputsWhereNoneIsNamed(String outputs) {
    InferRequest read = read("{\"inputs\":[" + GOOD_A + "," + GOOD_B + "]" + outputs + "}", TWO);
    assertThat(read.id()).isEmpty();
    assertThat(read.request().outputs()).containsExactly("y", "z");
  }

  @Test
  void givesOutputsInTheOrderOfTheRequest() {
    String outputs = "\"outputs\":[{\"name\":\"z\",\"parameters\":{}},{\"name\":\"y\"}]";
    InferRequest read = read("{" + outputs + ",\"inputs\":[" + GOOD_A + "," + GOOD_B + "]}", TWO);
    assertThat(read.request().outputs()).containsExactly("z", "y");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 1_000_000, 86_400_000_000L})
  void shortensTheDeadline(long micros) {
    long before = System.nanoTime();
    InferRequest read =
        read("{\"parameters\":{\"timeout\":" + micros + "},\"inputs\":[" + GOOD_A + "]}", ONE);
    Duration limit = Duration.ofNanos(SOON.nanoTime() - before);
    Duration asked = Duration.ofNanos(read.request().deadline().nanoTime() - before);
    if (micros > 1_000_000) {
      assertThat(read.request().deadline()).isEqualTo(SOON);
    } else {
      assertThat(asked).isBetween(Duration.ofNanos(micros * 1_000), limit.minusMinutes(1));
    }
  }

  @Test
  void keepsAnId() {
    for (String id : new String[] {"", "a b", "\u4eca", "\ud83d\ude00", "x".repeat(1024)}) {
      assertThat(read("{\"id\":\"" + id + "\",\"inputs\":[" + GOOD_A + "]}", ONE).id())
          .contains(id);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "5",
        "null",
        "{}",
        "true",
        "\"a\\r\\nb\"",
        "\"\\u0000\"",
        "\"\\u0085\"",
        "\"\\ud800\"",
        "\"\\ude00\\ud83d\""
      })
  void refusesAnIdThatCannotBeRepeated(String id) {
    assertInvalid(() -> read("{\"id\":" + id + ",\"inputs\":[" + GOOD_A + "]}", ONE));
    String longest = "x".repeat(1025);
    assertInvalid(() -> read("{\"id\":\"" + longest + "\",\"inputs\":[]}", ONE)).contains("1024");
  }

  @Test
  void refusesTypesWithoutJsonForm() {
    for (Datatype datatype : new Datatype[] {Datatype.FP16, Datatype.BF16}) {
      assertInvalid(
              () -> read(one("a", "[1]", datatype.name(), "[1]"), model(spec("a", datatype, 1))))
          .contains("binary");
    }
  }

  @Test
  void refusesWhatItCannotFollow() {
    for (String parameters :
        new String[] {
          "{\"sequence_id\":1}", "{\"sequence_start\":true}", "{\"sequence_end\":true}"
        }) {
      assertInvalid(
          () -> read("{\"parameters\":" + parameters + ",\"inputs\":[" + GOOD_A + "]}", ONE));
    }
  }

  @Test
  void readsHowManyClassesAreWanted() {
    assertThat(classes("3")).isEqualTo(Map.of("y", 3));
    assertThat(classes("0")).isEmpty();
    for (String wrong : new String[] {"-1", "1.5", "\"3\"", "true", "3000000000"}) {
      assertInvalid(() -> classes(wrong)).contains("'classification'");
    }
  }

  private static Map<String, Integer> classes(String count) {
    String output = "{\"name\":\"y\",\"parameters\":{\"classification\":" + count + "}}";
    InferRequest read = read("{\"inputs\":[" + GOOD_A + "],\"outputs\":[" + output + "]}", ONE);
    read.request().close();
    return read.classes();
  }

  private static String one(String name, String shape, String datatype, String data) {
    return "{\"inputs\":[{\"name\":\"%s\",\"shape\":%s,\"datatype\":\"%s\",\"data\":%s}]}"
        .formatted(name, shape, datatype, data);
  }

  private static InferRequest read(String json, LoadedModel model) {
    return InferReader.read(body(json), model, SOON);
  }
}
