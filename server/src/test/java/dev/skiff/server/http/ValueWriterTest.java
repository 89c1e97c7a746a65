package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.assertRefused;
import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.longs;
import static dev.skiff.server.http.Fixtures.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValueWriterTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "BOOL | 0001 | [false,true]",
        "BOOL | ff | [true]",
        "INT8 | 7f80ff | [127,-128,-1]",
        "UINT8 | 7f80ff | [127,128,255]",
        "INT16 | ff7f0080ffff | [32767,-32768,-1]",
        "UINT16 | ff7f0080ffff | [32767,32768,65535]",
        "INT32 | ffffff7f00000080ffffffff | [2147483647,-2147483648,-1]",
        "UINT32 | ffffff7f00000080ffffffff | [2147483647,2147483648,4294967295]",
        "INT64 | 0100000000002000ffffffffffffffff | [9007199254740993,-1]",
        "INT64 | 0000000000000080 | [-9223372036854775808]",
        "UINT64 | 0000000000000080ffffffffffffffff | [9223372036854775808,18446744073709551615]",
        "FP32 | 0000c07f0000807f000080ff | [\"NaN\",\"Infinity\",\"-Infinity\"]",
        "FP64 | 000000000000f87f000000000000f07f000000000000f0ff | [\"NaN\",\"Infinity\",\"-Infinity\"]",
        "FP32 | 0000000000000080 | [0.0,-0.0]",
        "FP32 | cdcccc3d | [0.1]",
        "FP64 | 9a9999999999b93f | [0.1]",
      })
  void writesEveryDatatype(Datatype datatype, String littleEndian, String json) {
    byte[] bytes = HexFormat.of().parseHex(littleEndian);
    try (Tensor tensor = Tensor.allocate(datatype, Shape.of(bytes.length / datatype.byteSize()))) {
      tensor.data().put(0, bytes);
      assertThat(flat(tensor)).isEqualTo(json);
      assertThat(nested(tensor)).isEqualTo(json);
    }
  }

  /** What is written reads back to the same bits, in no more digits than the JDK needs. */
  @Test
  void writesRealsExactlyAndShort() {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 5_000; i++) {
      float single = Float.intBitsToFloat(random.nextInt());
      if (Float.isFinite(single)) {
        String text = element(floats(Shape.of(1), single));
        assertThat(Float.floatToRawIntBits(Float.parseFloat(text)))
            .as(text)
            .isEqualTo(Float.floatToRawIntBits(single));
        assertThat(digits(text)).isLessThanOrEqualTo(digits(Float.toString(single)));
      }
      double real = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(real)) {
        Tensor tensor = Tensor.allocate(Datatype.FP64, Shape.of(1));
        tensor.data().putDouble(0, real);
        String text = element(tensor);
        assertThat(Double.doubleToRawLongBits(Double.parseDouble(text)))
            .as(text)
            .isEqualTo(Double.doubleToRawLongBits(real));
        assertThat(digits(text)).isLessThanOrEqualTo(digits(Double.toString(real)));
      }
    }
  }

  @Test
  void writesTexts() {
    List<String> texts = List.of("", "caf\u00e9", "\ud83d\ude00", "a\u0000\"\n");
    String json = flat(Tensor.ofStrings(Shape.of(4), texts));
    assertThat(Fixtures.tree(json)).hasToString(Fixtures.MAPPER.valueToTree(texts).toString());
  }

  @ParameterizedTest
  @CsvSource({"ff", "c0af", "eda080", "c3", "f4908080"})
  void refusesTextsThatAreNotUtf8(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    ByteBuffer data =
        ByteBuffer.allocate(4 + bytes.length)
            .order(ByteOrder.nativeOrder())
            .putInt(bytes.length)
            .put(bytes)
            .flip();
    assertRefused(ErrorCode.UNSUPPORTED, () -> flat(Tensor.ofBytes(Shape.of(1), data)))
        .contains("UTF-8");
  }

  @Test
  void nestsByShape() {
    float[] six = {1, 2, 3, 4, 5, 6};
    assertThat(nested(floats(Shape.of(2, 3), six))).isEqualTo("[[1.0,2.0,3.0],[4.0,5.0,6.0]]");
    assertThat(nested(floats(Shape.of(3, 1, 2), six)))
        .isEqualTo("[[[1.0,2.0]],[[3.0,4.0]],[[5.0,6.0]]]");
    assertThat(nested(floats(Shape.of(), 7))).isEqualTo("7.0");
    assertThat(nested(floats(Shape.of(0)))).isEqualTo("[]");
    assertThat(nested(floats(Shape.of(2, 0)))).isEqualTo("[[],[]]");
    assertThat(nested(floats(Shape.of(0, 2)))).isEqualTo("[]");
    assertThat(flat(floats(Shape.of(2, 3), six))).isEqualTo("[1.0,2.0,3.0,4.0,5.0,6.0]");
    assertThat(flat(floats(Shape.of(), 7))).isEqualTo("[7.0]");
  }

  @Test
  void writesRows() {
    Tensor tensor = floats(Shape.of(2, 2), 1, 2, 3, 4);
    assertThat(rows(tensor, 2)).isEqualTo("[[1.0,2.0],[3.0,4.0]]");
    assertThat(rows(longs(Shape.of(2), 5, 6), 2)).isEqualTo("[5,6]");
    Value sequence = new Value.Sequence(List.of(new Value.Dictionary(Map.of("a", 1L)), tensor));
    assertThat(rows(sequence, 2)).isEqualTo("[{\"a\":1},[[1.0,2.0],[3.0,4.0]]]");
  }

  @Test
  void writesMapsInTheirOrder() {
    Map<String, Object> entries = new LinkedHashMap<>();
    entries.put("b", 0.1f);
    entries.put("a", 0.1);
    entries.put("", Long.MIN_VALUE);
    entries.put("\u00e9", "text");
    entries.put("nan", Float.NaN);
    entries.put("inf", Double.NEGATIVE_INFINITY);
    assertThat(nested(new Value.Dictionary(entries)))
        .isEqualTo(
            "{\"b\":0.1,\"a\":0.1,\"\":-9223372036854775808,\"\u00e9\":\"text\",\"nan\":\"NaN\",\"inf\":\"-Infinity\"}");
    assertThat(nested(new Value.Sequence(List.of()))).isEqualTo("[]");
  }

  @Test
  void refusesTypesWithoutJsonForm() {
    for (Datatype datatype : new Datatype[] {Datatype.FP16, Datatype.BF16}) {
      try (Tensor tensor = Tensor.allocate(datatype, Shape.of(1))) {
        assertInvalid(() -> flat(tensor)).contains(datatype.name()).contains("binary");
        assertInvalid(() -> nested(tensor)).contains(datatype.name()).contains("binary");
      }
    }
  }

  @Test
  void leavesTheTensorAsItWas() {
    Tensor tensor = floats(Shape.of(2), 1, 2);
    assertThat(flat(tensor)).isEqualTo(flat(tensor));
    assertThat(tensor.data().position()).isZero();
    assertThat(tensor.data().limit()).isEqualTo(8);
  }

  private static long digits(String number) {
    return new BigDecimal(number).stripTrailingZeros().precision();
  }

  private static String element(Tensor tensor) {
    try (tensor) {
      String list = flat(tensor);
      return list.substring(1, list.length() - 1);
    }
  }

  private static String flat(Tensor tensor) {
    return text(Json.write(json -> new ValueWriter(json).writeFlat(tensor)));
  }

  private static String nested(Value value) {
    return text(Json.write(json -> new ValueWriter(json).write(value)));
  }

  private static String rows(Value value, int count) {
    return text(
        Json.write(
            json -> {
              ValueWriter.Rows rows = new ValueWriter(json).rows(value);
              json.writeStartArray();
              for (int i = 0; i < count; i++) {
                rows.writeNext();
              }
              json.writeEndArray();
            }));
  }
}
