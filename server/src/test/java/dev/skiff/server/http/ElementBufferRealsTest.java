package dev.skiff.server.http;

import static dev.skiff.server.http.ElementBufferTest.one;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Tensor;
import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reals are read to the bit that the JDK's own parsers give. */
class ElementBufferRealsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-0",
        "-0.0",
        "0e9",
        "-0e-9",
        "1",
        "16777217",
        "-16777217",
        "9007199791611905",
        "123456789012345678901234567890",
        "3.4028235e38",
        "1e-400",
        "-1e-400",
        "1.4e-45",
        "7e-46",
        "1.00000017881393421514957253748434595763683319091796875001",
        "4.9e-324",
        "0.1",
        "1E5",
        "1e+5",
        "8589973504.0000000000000000001",
        "1.17549435E-38",
        "2.2250738585072012e-308"
      })
  void readsEdgesAsTheJdkDoes(String text) {
    assertSameAsJdk(text);
  }

  /** Random doubles, floats and midpoints between floats, in several notations. */
  @Test
  void readsRandomNumbersAsTheJdkDoes() {
    SplittableRandom random = new SplittableRandom(20260);
    for (int i = 0; i < 3_000; i++) {
      double any = Double.longBitsToDouble(random.nextLong());
      float single = Float.intBitsToFloat(random.nextInt());
      if (Float.isFinite(single) && Math.abs(single) < Float.MAX_VALUE) {
        assertSameAsJdk(Float.toString(single));
        // Halfway to the next float, and a hair above: where rounding twice goes wrong.
        String middle =
            new BigDecimal(single)
                .add(new BigDecimal(Math.nextUp(single)))
                .divide(BigDecimal.TWO)
                .toPlainString();
        assertSameAsJdk(middle);
        assertSameAsJdk(middle + (middle.contains(".") ? "" : ".0") + "0000000001");
      }
      if (Double.isFinite(any)) {
        assertSameAsJdk(Double.toString(any));
      }
      assertSameAsJdk(random.nextLong() + "." + (random.nextLong() >>> 1));
      assertSameAsJdk(Long.toString(random.nextLong()));
    }
  }

  private static void assertSameAsJdk(String text) {
    float single = Float.parseFloat(text);
    if (Float.isFinite(single)) {
      try (Tensor tensor = one(Datatype.FP32, text)) {
        assertThat(tensor.data().getInt(0)).as(text).isEqualTo(Float.floatToRawIntBits(single));
      }
    }
    try (Tensor tensor = one(Datatype.FP64, text)) {
      long expected = Double.doubleToRawLongBits(Double.parseDouble(text));
      assertThat(tensor.data().getLong(0)).as(text).isEqualTo(expected);
    }
  }
}
