package dev.skiff.server.http;

import static dev.skiff.server.http.BinaryBody.texts;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.TensorSpec;
import java.util.Arrays;
import java.util.HexFormat;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BinaryReaderTest {
  private static final TensorSpec TEXTS = spec("t", Datatype.BYTES, Shape.DYNAMIC);
  private static final TensorSpec TRUTHS = spec("b", Datatype.BOOL, Shape.DYNAMIC);
  private static final TensorSpec FLOATS = spec("x", Datatype.FP32, Shape.DYNAMIC, Shape.DYNAMIC);

  private final TensorPool pool = new TensorPool(1 << 20);

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BYTES")
  void readsEveryDatatypeOfAFixedSize(Datatype datatype) {
    byte[] bytes = new byte[6 * datatype.byteSize()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (datatype == Datatype.BOOL ? i % 2 : 255 - i);
    }
    TensorSpec spec = spec("x", datatype, Shape.DYNAMIC, 3);
    try (Tensor tensor = reader(bytes).next(spec, Shape.of(2, 3), bytes.length)) {
      assertThat(tensor.datatype()).isEqualTo(datatype);
      assertThat(tensor.shape()).isEqualTo(Shape.of(2, 3));
      assertThat(tensor.data().isDirect()).isTrue();
      assertThat(bytes(tensor)).isEqualTo(bytes);
    }
  }

  @Test
  void isLittleEndian() {
    byte[] one = HexFormat.of().parseHex("0000803f");
    try (Tensor tensor = reader(one).next(FLOATS, Shape.of(1, 1), 4)) {
      assertThat(tensor.data().getFloat(0)).isEqualTo(1);
    }
  }

  @Test
  void readsTextsWithoutACopy() {
    byte[] bytes = texts("", "caf\u00e9", "\ud83d\ude00", "a\0b");
    Tensor tensor = reader(bytes).next(TEXTS, Shape.of(4), bytes.length);
    assertThat(tensor.strings()).containsExactly("", "caf\u00e9", "\ud83d\ude00", "a\0b");
    assertThat(bytes(tensor)).isEqualTo(bytes);
    assertThat(tensor.data().isDirect()).isFalse();
  }

  @Test
  void goesFromTensorToTensor() {
    byte[] bytes = HexFormat.of().parseHex("01000000ff" + "0001" + "0000803f");
    BinaryReader reader = new BinaryReader(body(bytes), 5, pool);
    assertThat(reader.remaining()).isEqualTo(6);
    reader.next(TRUTHS, Shape.of(2), 2).close();
    assertInvalid(reader::end).isEqualTo("the body goes on for 4 bytes after its last tensor");
    reader.next(FLOATS, Shape.of(1, 1), 4).close();
    reader.end();
  }

  @Test
  void readsEmptyTensors() {
    BinaryReader reader = reader();
    reader.next(FLOATS, Shape.of(0, 3), 0).close();
    reader.next(TRUTHS, Shape.of(0), 0).close();
    assertThat(reader.next(TEXTS, Shape.of(0), 0).strings()).isEmpty();
    reader.end();
  }

  @ParameterizedTest
  @ValueSource(longs = {13, 1L << 31, 1L << 32, Long.MAX_VALUE})
  void refusesMoreThanIsThere(long size) {
    BinaryReader reader = reader(new byte[12]);
    assertInvalid(() -> reader.next(FLOATS, Shape.of(1, 3), size))
        .isEqualTo("input 'x' has " + size + " bytes of binary data, 12 are left of the body");
    assertThat(reader.remaining()).isEqualTo(12);
  }

  @Test
  void refusesSizesThatDoNotFitTheShape() {
    assertInvalid(() -> reader(new byte[12]).next(FLOATS, Shape.of(1, 2), 12))
        .isEqualTo(
            "input 'x' has 12 bytes of binary data, but shape [1,2] has 2 elements of 4 bytes");
    assertInvalid(() -> reader(new byte[12]).next(FLOATS, Shape.of(1, 3), 11)).contains("11 bytes");
    assertInvalid(() -> reader(new byte[4]).next(FLOATS, Shape.of(0, 3), 4)).contains("0 elements");
    assertInvalid(() -> reader().next(FLOATS, Shape.of(1, 1), 0)).contains("0 bytes");
    // 2^30 elements of 4 bytes would be 0 bytes, were they counted in 32 bits; 2^62 in 64.
    assertInvalid(() -> reader().next(FLOATS, Shape.of(1 << 15, 1 << 15), 0)).contains("elements");
    assertInvalid(() -> reader().next(FLOATS, Shape.of(1L << 31, 1L << 31), 0))
        .contains("elements");
    assertInvalid(() -> reader().next(FLOATS, Shape.of(1L << 32, 1L << 32), 0))
        .contains("too large");
    assertThat(pool.idleBytes()).as("nothing was taken").isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7, 8, 9, 15, 16, 18})
  void refusesTruthValuesOtherThan0And1(int at) {
    for (byte wrong : new byte[] {2, -1, -128}) {
      byte[] bytes = new byte[19];
      Arrays.fill(bytes, (byte) 1);
      bytes[at] = wrong;
      assertInvalid(() -> reader(bytes).next(TRUTHS, Shape.of(19), 19))
          .isEqualTo(
              "input 'b' is BOOL, expected bytes of 0 and 1, got %d at byte %d"
                  .formatted(Byte.toUnsignedInt(wrong), at));
    }
  }

  @Test
  void refusesTextsThatDoNotFillTheirBytes() {
    byte[] two = texts("ab", "c");
    assertText(two, 1).contains("[1] with 1 elements").endsWith("have more");
    assertText(two, 3).endsWith("have only 2");
    assertText(texts(), 1).endsWith("have only 0");
    assertText(two, 0).endsWith("have more");
    assertText(two, 1L << 40).endsWith("have only 2");
    assertText(HexFormat.of().parseHex("ffffffff61"), 1)
        .isEqualTo(
            "input 't' has an element of 4294967295 bytes at byte 0 of its binary data, 1 are left");
    assertText(HexFormat.of().parseHex("00000080"), 1).contains("2147483648 bytes");
    assertText(HexFormat.of().parseHex("ffffff7f61"), 1).contains("2147483647 bytes");
  }

  /** Wherever texts are cut, they are refused. */
  @Test
  void refusesTextsThatAreCut() {
    byte[] whole = texts("ab", "", "cde");
    for (int end = 0; end < whole.length; end++) {
      assertText(Arrays.copyOf(whole, end), 3);
    }
  }

  private AbstractStringAssert<?> assertText(byte[] bytes, long elements) {
    return assertInvalid(() -> reader(bytes).next(TEXTS, Shape.of(elements), bytes.length))
        .startsWith("input 't' has ");
  }

  private BinaryReader reader(byte... bytes) {
    return new BinaryReader(body(bytes), 0, pool);
  }

  private static byte[] bytes(Tensor tensor) {
    byte[] bytes = new byte[tensor.data().limit()];
    tensor.data().get(0, bytes);
    return bytes;
  }
}
