package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.SOON;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.input;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The keys of a tensor in any order give the same bits. */
class InferReaderOrderTest {

  /** Every order of the five keys. */
  static Stream<List<String>> orders() {
    return permutations(List.of("name", "shape", "datatype", "data", "parameters")).stream();
  }

  @ParameterizedTest
  @MethodSource("orders")
  void readsKeysInAnyOrder(List<String> order) {
    Tensor floats =
        tensor(
            order,
            Datatype.FP32,
            "[2,3]",
            "[0.1,-0,1e-45,16777217,1.00000017881393421514957253748434595763683319091796875001,3.4028235e38]");
    assertThat(floats.data().getFloat(0)).isEqualTo(0.1f);
    assertThat(floats.data().getInt(4)).isEqualTo(0x8000_0000);
    assertThat(floats.data().getInt(8)).isEqualTo(1);
    assertThat(floats.data().getFloat(12)).isEqualTo(16777216f);
    assertThat(floats.data().getFloat(16))
        .isEqualTo(Float.parseFloat("1.00000017881393421514957253748434595763683319091796875001"));
    assertThat(floats.data().getFloat(20)).isEqualTo(Float.MAX_VALUE);
    Tensor longs =
        tensor(
            order,
            Datatype.INT64,
            "[1,3]",
            "[[9007199254740993,-9223372036854775808,9223372036854775807]]");
    assertThat(longs.data().getLong(0)).isEqualTo(9_007_199_254_740_993L);
    assertThat(longs.data().getLong(8)).isEqualTo(Long.MIN_VALUE);
    assertThat(longs.data().getLong(16)).isEqualTo(Long.MAX_VALUE);
    Tensor unsigned = tensor(order, Datatype.UINT64, "[1,3]", "[18446744073709551615,0,1]");
    assertThat(unsigned.data().getLong(0)).isEqualTo(-1);
    Tensor texts =
        tensor(
            order, Datatype.BYTES, "[1,3]", "[\"\",\"a\\u0000\",\"\ud83d\ude00\\ud83d\\ude00\"]");
    assertThat(texts.strings()).containsExactly("", "a\u0000", "\ud83d\ude00\ud83d\ude00");
    Tensor truths = tensor(order, Datatype.BOOL, "[1,3]", "[true,false,true]");
    assertThat(truths.data().get(0)).isEqualTo((byte) 1);
    assertThat(truths.data().get(1)).isZero();
  }

  /** What is wrong in the data is found at the same place, whether it came early or late. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "FP32 | [1,2,1e39] | 1e39 is out of the range of FP32, at byte",
        "FP32 | [1,2,\"3\"] | expected a number for FP32, got a string at byte",
        "FP32 | [1,2,[3]] | ragged: its arrays differ in length or depth, at byte",
        "FP32 | [1,2,NaN] | Non-standard token 'NaN'",
        "INT64 | [1,2,9223372036854775808] | 9223372036854775808 is out of the range of INT64, at byte",
        "INT64 | [1,2,3.0] | expected a whole number for INT64, got 3.0 at byte",
        "UINT8 | [1,2,256] | 256 is out of the range of UINT8, at byte",
        "BYTES | [\"\",\"\",\"\\ud800\"] | half of a surrogate pair, at byte",
        "BYTES | [\"\",\"\",null] | expected a string for BYTES, got null at byte",
        "BOOL | [true,true,1] | expected true or false for BOOL, got 1 at byte",
      })
  void findsTheSameFaults(Datatype datatype, String data, String said) {
    orders()
        .forEach(
            order -> {
              String json = json(order, datatype, "[1,3]", data);
              int from = json.indexOf(data);
              assertInvalid(() -> tensor(order, datatype, "[1,3]", data))
                  .contains(said)
                  .satisfies(
                      message -> {
                        int at = Integer.parseInt(message.replaceAll(".*at byte (\\d+)$", "$1"));
                        assertThat(at).as(json).isBetween(from + 1, from + data.length());
                      });
            });
  }

  private static Tensor tensor(List<String> order, Datatype datatype, String shape, String data) {
    InferenceRequest request =
        InferReader.read(
                body(json(order, datatype, shape, data)),
                model(spec("x", datatype, Shape.DYNAMIC, 3)),
                SOON)
            .request();
    return input(request, "x");
  }

  private static String json(List<String> order, Datatype datatype, String shape, String data) {
    List<String> fields = new ArrayList<>();
    for (String key : order) {
      fields.add(
          switch (key) {
            case "name" -> "\"name\": \"x\"";
            case "shape" -> "\"shape\": " + shape;
            case "datatype" -> "\"datatype\": \"" + datatype + "\"";
            case "data" -> "\"data\": " + data;
            default -> "\"parameters\": {\"any\": 1}";
          });
    }
    return "{\"inputs\": [{" + String.join(", ", fields) + "}]}";
  }

  private static List<List<String>> permutations(List<String> keys) {
    if (keys.isEmpty()) {
      return List.of(List.of());
    }
    List<List<String>> all = new ArrayList<>();
    for (String first : keys) {
      List<String> others = keys.stream().filter(key -> !key.equals(first)).toList();
      for (List<String> rest : permutations(others)) {
        all.add(Stream.concat(Stream.of(first), rest.stream()).toList());
      }
    }
    return all;
  }
}
