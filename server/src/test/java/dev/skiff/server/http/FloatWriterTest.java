package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.io.NumberOutput;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is written is to the letter what Jackson writes, and reads back as the same float. */
class FloatWriterTest {
  private static final int FLOATS = Integer.getInteger("skiff.floats", 200_000);

  private static final int[] FRACTIONS = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x3FFFFF, 0x400000, 0x400001, 0x7FFFFD, 0x7FFFFE, 0x7FFFFF
  };

  private static final byte UNTOUCHED = '#';
  private static final int START = 3;

  private final byte[] memory = new byte[START + FloatWriter.MOST_BYTES];

  @ParameterizedTest
  @CsvSource({
    "0, 0.0",
    "-0.0, -0.0",
    "1, 1.0",
    "-10, -10.0",
    "0.1, 0.1",
    "0.001, 0.001",
    "0.0009999999, 9.999999E-4",
    "123.456, 123.456",
    "9999999, 9999999.0",
    "10000000, 1.0E7",
    "1e10, 1.0E10",
    "1.4e-45, 1.4E-45",
    "1.17549435e-38, 1.1754944E-38",
    "-3.4028235e38, -3.4028235E38",
    "0.33333334, 0.33333334",
    "16777216, 1.6777216E7",
    "2e-44, 2.0E-44",
  })
  void writes(float value, String text) {
    assertThat(written(value)).isEqualTo(text);
  }

  @Test
  void writesEveryExponent() {
    for (int exponent = 0; exponent < 0xFF; exponent++) {
      for (int fraction : FRACTIONS) {
        assertRight(exponent << 23 | fraction);
        assertRight(1 << 31 | exponent << 23 | fraction);
      }
    }
  }

  @Test
  void writesWholeNumbersAndShortDecimals() {
    for (int i = 0; i < 20_000; i++) {
      assertRight(Float.floatToRawIntBits(i));
      assertRight(Float.floatToRawIntBits(i / 1000f));
      assertRight(Float.floatToRawIntBits(i / 255f));
    }
  }

  @Test
  void writesPowersOfTenAndTheirNeighbours() {
    for (int power = -45; power <= 38; power++) {
      float value = Float.parseFloat("1e" + power);
      for (float near : new float[] {Math.nextDown(value), value, Math.nextUp(value)}) {
        assertRight(Float.floatToRawIntBits(near));
      }
    }
  }

  @Test
  void writesAnyFloat() {
    SplittableRandom random = new SplittableRandom(9);
    for (int i = 0; i < FLOATS; i++) {
      assertRight(random.nextInt());
      assertRight(Float.floatToRawIntBits((float) random.nextDouble()));
    }
  }

  private void assertRight(int bits) {
    float value = Float.intBitsToFloat(bits);
    if (!Float.isFinite(value)) {
      return;
    }
    String text = written(value);
    assertThat(text).isEqualTo(NumberOutput.toString(value, true));
    assertThat(Float.floatToRawIntBits(Float.parseFloat(text))).as(text).isEqualTo(bits);
  }

  private String written(float value) {
    Arrays.fill(memory, UNTOUCHED);
    int end = FloatWriter.write(value, memory, START);
    assertThat(memory[START - 1]).as("before the text").isEqualTo(UNTOUCHED);
    return new String(memory, START, end - START, StandardCharsets.US_ASCII);
  }
}
