package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Numbers that are read straight into a tensor's memory are the very bits, and errors the very
 * words, that come of reading the same text with Jackson alone.
 */
class NumberReaderTest {
  private static final TensorPool POOL = new TensorPool(0);

  private static final int TEXTS = Integer.getInteger("skiff.number.texts", 2_000);

  /** What mutations put into a text: what numbers are made of, and what they are not. */
  private static final String ODD = "0123456789+-.eE,, \t\n\r]x\"nNI/\u0000\u00e9";

  @ParameterizedTest
  @EnumSource(
      value = Datatype.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BOOL", "FP16", "BF16", "BYTES"})
  void readsWhatJacksonReads(Datatype datatype) {
    SplittableRandom random = new SplittableRandom(datatype.name().hashCode());
    for (int i = 0; i < TEXTS; i++) {
      StringBuilder text = new StringBuilder("[");
      int count = random.nextInt(6);
      for (int j = 0; j < count; j++) {
        text.append(j == 0 ? "" : ",").append(space(random));
        text.append(Numbers.any(datatype, random)).append(space(random));
      }
      text.append(space(random)).append(']');
      assertSame(datatype, text.toString());
      assertSame(datatype, mutated(text, random));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1.5,-2,3e2,0.1] | 4",
        "[0.4392156862745098 , 0.10000000149011612] | 2",
        "[ 1 ,  2 ] | 2",
        "[1,2,x] | 2",
        "[1,2,] | 2",
        "[1 2] | 1",
        "[1,1e400] | 1",
        "[1,16777217,2] | 1",
        "[1,0.000000000000000000000000000000000000000000000000000000000000000001] | 1",
        "[1234567890123456789] | 0",
        "[[1]] | 0",
        "[] | 0",
        "[01] | 0",
        "[1.] | 0",
        "[-] | 0",
        "[+1] | 0",
        "[1e] | 0",
        "[1.5e+] | 0",
        "[true] | 0",
      })
  void stopsBeforeWhatItIsNotSureOf(String text, int count) {
    ByteBuffer data = ByteBuffer.allocate(64).order(ByteOrder.nativeOrder());
    assertThat(read(text, Datatype.FP32, data)).isEqualTo(count);
    assertThat(data.position()).isEqualTo(count * Float.BYTES);
  }

  @Test
  void stopsWhereTheBufferEnds() {
    for (Datatype datatype : new Datatype[] {Datatype.FP32, Datatype.FP64, Datatype.INT16}) {
      ByteBuffer data = ByteBuffer.allocate(3 * datatype.byteSize() + 1);
      data.position(datatype.byteSize());
      assertThat(read("[1,2,3,4]", datatype, data)).isEqualTo(2);
      assertThat(read("[1,2,3,4]", datatype, data)).isZero();
    }
  }

  @Test
  void readsNothingBeyondTheText() {
    byte[] bytes = "[12345678,123456789".getBytes(StandardCharsets.US_ASCII);
    for (int limit = 1; limit <= bytes.length; limit++) {
      ByteBuffer data = ByteBuffer.allocate(64);
      NumberReader reader = new NumberReader(bytes, limit);
      reader.read(1, true, Datatype.FP32, data);
      assertThat(reader.end()).isLessThanOrEqualTo(limit);
    }
  }

  @Test
  void goesOnBehindWhatJacksonRead() {
    Tensor tensor =
        Json.read(
            body("[1,16777217,3,4]"),
            json -> {
              ByteBuffer data = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
              assertThat(json.readNumbers(Datatype.FP32, data)).isEqualTo(1);
              assertThat(json.nextToken()).isEqualTo(JsonToken.VALUE_NUMBER_INT);
              assertThat(json.getFloatValue()).isEqualTo(16777216f);
              assertThat(json.readNumbers(Datatype.FP32, data)).isEqualTo(2);
              assertThat(json.nextToken()).isEqualTo(JsonToken.END_ARRAY);
              return Fixtures.floats(Shape.of(1), data.getFloat(8));
            });
    assertThat(Fixtures.floats(tensor)).containsExactly(4f);
    tensor.close();
  }

  private static int read(String text, Datatype datatype, ByteBuffer data) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    return new NumberReader(bytes, bytes.length).read(1, true, datatype, data);
  }

  static void assertSame(Datatype datatype, String text) {
    assertThat(straight(datatype, text))
        .as("%s %s", datatype, text)
        .isEqualTo(throughJackson(datatype, text));
  }

  /** The bytes of the tensor, or the error. */
  private static String straight(Datatype datatype, String text) {
    try (TensorReader reader = new TensorReader(spec("x", datatype, -1), POOL, Shape.of(2))) {
      return Json.read(
          body(text),
          json -> {
            reader.readAll(json);
            try (Tensor tensor = reader.tensor()) {
              return hex(tensor);
            }
          });
    } catch (InferenceException e) {
      return words(e);
    }
  }

  /** The same, token by token. */
  private static String throughJackson(Datatype datatype, String text) {
    try (ElementBuffer buffer = new ElementBuffer(datatype, POOL, null)) {
      return Json.read(
          body(text),
          json -> {
            while (json.nextToken() != JsonToken.END_ARRAY) {
              buffer.add(json);
            }
            try (Tensor tensor = buffer.tensor(Shape.of(buffer.elements()))) {
              return hex(tensor);
            }
          });
    } catch (InferenceException e) {
      return words(e);
    }
  }

  /** The error's words, but for the token before: of the numbers in between Jackson saw nothing. */
  private static String words(InferenceException e) {
    return e.reason().replaceFirst("end-of-input in [A-Z_]+", "end-of-input");
  }

  private static String hex(Tensor tensor) {
    byte[] bytes = new byte[tensor.data().limit()];
    tensor.data().get(0, bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static String space(SplittableRandom random) {
    return random.nextInt(4) > 0 ? "" : String.valueOf(" \n\r\t".charAt(random.nextInt(4)));
  }

  private static String mutated(CharSequence text, SplittableRandom random) {
    StringBuilder mutated = new StringBuilder(text);
    for (int i = random.nextInt(3); i >= 0; i--) {
      // The bracket at the start stays: both readings begin behind it.
      int at = random.nextInt(1, mutated.length() + 1);
      char odd = ODD.charAt(random.nextInt(ODD.length()));
      switch (random.nextInt(3)) {
        case 0 -> mutated.insert(at, odd);
        case 1 -> mutated.replace(at, Math.min(at + 1, mutated.length()), String.valueOf(odd));
        default -> mutated.delete(at, Math.min(at + 1, mutated.length()));
      }
    }
    return mutated.toString();
  }
}
