package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ElementBufferTest {
  private static final TensorPool POOL = new TensorPool(0);

  @ParameterizedTest
  @EnumSource(names = {"FP16", "BF16"})
  void refusesTypesWithoutJsonForm(Datatype datatype) {
    assertInvalid(() -> new ElementBuffer(datatype, POOL, null))
        .contains(datatype.name())
        .contains("binary");
  }

  @ParameterizedTest
  @CsvSource({
    "INT8, -128, 127, -129, 128",
    "INT16, -32768, 32767, -32769, 32768",
    "INT32, -2147483648, 2147483647, -2147483649, 2147483648",
    "INT64, -9223372036854775808, 9223372036854775807, -9223372036854775809, 9223372036854775808",
    "UINT8, 0, 255, -1, 256",
    "UINT16, 0, 65535, -1, 65536",
    "UINT32, 0, 4294967295, -1, 4294967296",
    "UINT64, 0, 18446744073709551615, -1, 18446744073709551616",
  })
  void keepsTheRangeOfIntegers(
      Datatype datatype, String least, String greatest, String tooSmall, String tooLarge) {
    assertThat(whole(datatype, least)).isEqualTo(least);
    assertThat(whole(datatype, greatest)).isEqualTo(greatest);
    for (String outside : new String[] {tooSmall, tooLarge, "9".repeat(900)}) {
      assertInvalid(() -> one(datatype, outside))
          .contains("out of the range of " + datatype)
          .contains(outside.substring(0, Math.min(40, outside.length())))
          .hasSizeLessThan(120);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "9007199254740993",
        "-9007199254740993",
        "9223372036854775806",
        "0",
        "-0",
        "1234567890123456789"
      })
  void keepsInt64Exact(String text) {
    assertThat(whole(Datatype.INT64, text)).isEqualTo(Long.toString(Long.parseLong(text)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "INT8 | 1.5,1.0,1e2,\"1\",true,null,{},\"\"",
        "INT16 | 1.5,1.0,1e2,\"1\",true,null,{}",
        "INT32 | 1.5,1.0,1e2,\"1\",true,null,{}",
        "INT64 | 1.5,1.0,1e2,\"1\",true,null,{}",
        "UINT8 | 1.5,1.0,1e2,\"1\",true,null,{}",
        "UINT16 | 1.5,1.0,1e2,\"1\",true,null,{}",
        "UINT32 | 1.5,1.0,1e2,\"1\",true,null,{}",
        "UINT64 | 1.5,1.0,1e2,\"1\",true,null,{}",
        "FP32 | \"1\",\"NaN\",true,false,null,{}",
        "FP64 | \"1\",\"NaN\",true,false,null,{}",
        "BOOL | 0,1,0.0,\"true\",null,{}",
        "BYTES | 0,1.5,true,null,{}",
      })
  void refusesOtherKindsOfValues(Datatype datatype, String values) {
    for (String value : values.split(",", -1)) {
      assertInvalid(() -> one(datatype, value))
          .as(value)
          .startsWith("expected ")
          .contains(" for " + datatype + ", got ")
          .contains("at byte 1");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FP32, 1e400",
    "FP32, -1e400",
    "FP32, 1e39",
    "FP32, 3.4028236e38",
    "FP64, 1e400",
    "FP64, -1e309"
  })
  void refusesNumbersBeyondTheRange(Datatype datatype, String number) {
    assertInvalid(() -> one(datatype, number))
        .isEqualTo(number + " is out of the range of " + datatype + ", at byte 1");
    assertInvalid(() -> one(datatype, "1" + "0".repeat(400))).contains("... is out of the range");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "caf\u00e9",
        "\u4eca\u5929",
        "\ud83d\ude00",
        "a\u0000b",
        "\uffff",
        "\"\\/\b\f\n\r\t"
      })
  void keepsText(String text) throws IOException {
    String quoted = Fixtures.MAPPER.writeValueAsString(text);
    assertThat(one(Datatype.BYTES, quoted).strings()).containsExactly(text);
    StringBuilder escaped = new StringBuilder("\"");
    text.chars().forEach(unit -> escaped.append("\\u%04x".formatted(unit)));
    assertThat(one(Datatype.BYTES, escaped + "\"").strings()).containsExactly(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\\ud800",
        "\\udc00",
        "a\\ud83d",
        "\\ude00\\ud83d",
        "\\ud83dx",
        "\\ud83d\\ud83d\\ude00"
      })
  void refusesHalfSurrogates(String escaped) {
    assertInvalid(() -> one(Datatype.BYTES, "\"" + escaped + "\""))
        .contains("surrogate")
        .contains("at byte 1");
  }

  @Test
  void growsWithItsElements() {
    String text = "x".repeat(3_000);
    ElementBuffer buffer = new ElementBuffer(Datatype.BYTES, POOL, null);
    Tensor tensor =
        Json.read(
            body("[\"" + text + "\",\"\",\"" + text + "\"]"),
            json -> all(json, buffer, Shape.of(3)));
    assertThat(buffer.elements()).isEqualTo(3);
    assertThat(tensor.strings()).containsExactly(text, "", text);
  }

  private static String whole(Datatype datatype, String text) {
    try (Tensor tensor = one(datatype, text)) {
      return switch (datatype) {
        case INT8 -> Byte.toString(tensor.data().get(0));
        case UINT8 -> Integer.toString(Byte.toUnsignedInt(tensor.data().get(0)));
        case INT16 -> Short.toString(tensor.data().getShort(0));
        case UINT16 -> Integer.toString(Short.toUnsignedInt(tensor.data().getShort(0)));
        case INT32 -> Integer.toString(tensor.data().getInt(0));
        case UINT32 -> Integer.toUnsignedString(tensor.data().getInt(0));
        case INT64 -> Long.toString(tensor.data().getLong(0));
        case UINT64 -> Long.toUnsignedString(tensor.data().getLong(0));
        case BOOL, FP16, BF16, FP32, FP64, BYTES -> throw new AssertionError(datatype);
      };
    }
  }

  /** The tensor of one value that stands alone in an array. */
  static Tensor one(Datatype datatype, String value) {
    ElementBuffer buffer = new ElementBuffer(datatype, POOL, null);
    return Json.read(body("[" + value + "]"), json -> all(json, buffer, Shape.of(1)));
  }

  private static Tensor all(TensorParser json, ElementBuffer buffer, Shape shape)
      throws IOException {
    while (json.nextToken() != JsonToken.END_ARRAY) {
      buffer.add(json);
    }
    return buffer.tensor(shape);
  }
}
