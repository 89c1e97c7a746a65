package dev.skiff.server.http;

import dev.skiff.server.inference.Datatype;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.SplittableRandom;

/** Numbers in all the ways that programs print them, and in some that none does. */
final class Numbers {
  private Numbers() {}

  /** A number for that datatype, most of them in its range. */
  static String any(Datatype datatype, SplittableRandom random) {
    if (datatype != Datatype.FP32 && datatype != Datatype.FP64 && random.nextInt(8) > 0) {
      return whole(datatype, random);
    }
    return switch (random.nextInt(8)) {
      case 0 -> printed(single(random), random);
      case 1 -> printed(real(random), random);
      case 2 -> Double.toString(random.nextDouble());
      case 3 -> Double.toString(random.nextInt(256) / 255.0);
      case 4 -> middle(random);
      case 5 -> middleOfDoubles(random);
      case 6 -> digits(random);
      default -> Long.toString(random.nextLong() >> random.nextInt(64));
    };
  }

  private static String whole(Datatype datatype, SplittableRandom random) {
    int bits = 8 * datatype.byteSize();
    long value = random.nextLong() >> random.nextInt(64);
    return switch (random.nextInt(4)) {
      case 0 -> Long.toString(value);
      case 1 -> Long.toUnsignedString(value);
      case 2 -> Long.toString(value >> (64 - bits));
      default -> Long.toUnsignedString(value >>> (64 - bits));
    };
  }

  private static String printed(double value, SplittableRandom random) {
    BigDecimal exact = new BigDecimal(value);
    return switch (random.nextInt(6)) {
      case 0 -> Double.toString(value);
      case 1 -> Float.toString((float) value).replace("Infinity", "1e99");
      case 2 -> String.format(Locale.ROOT, "%." + random.nextInt(20) + "e", value);
      case 3 -> String.format(Locale.ROOT, "%." + random.nextInt(20) + "f", value);
      case 4 -> exact.toEngineeringString();
      default -> exact.toPlainString();
    };
  }

  /** Halfway between two neighbouring floats, or a hair beside it. */
  private static String middle(SplittableRandom random) {
    float value = single(random);
    BigDecimal sum = new BigDecimal(value).add(new BigDecimal(Math.nextUp(Math.min(value, 1e38f))));
    return beside(sum.divide(BigDecimal.TWO), random);
  }

  /** Halfway between two neighbouring doubles of usual size, or a hair beside it. */
  private static String middleOfDoubles(SplittableRandom random) {
    double value = random.nextDouble() * Math.pow(10, random.nextInt(-4, 4));
    BigDecimal sum = new BigDecimal(value).add(new BigDecimal(Math.nextUp(value)));
    return beside(sum.divide(BigDecimal.TWO), random);
  }

  private static String beside(BigDecimal middle, SplittableRandom random) {
    return switch (random.nextInt(3)) {
      case 0 -> middle.toString();
      case 1 -> middle.toPlainString() + (middle.scale() > 0 ? "1" : ".01");
      default -> middle.round(new java.math.MathContext(random.nextInt(6, 19))).toString();
    };
  }

  /** Digits at random, right by JSON's grammar. */
  private static String digits(SplittableRandom random) {
    StringBuilder text = new StringBuilder(random.nextInt(3) == 0 ? "-" : "");
    if (random.nextInt(3) == 0) {
      text.append('0');
    } else {
      text.append((char) ('1' + random.nextInt(9)));
      append(text, random.nextInt(20), random);
    }
    if (random.nextInt(3) > 0) {
      append(text.append('.').append("0".repeat(random.nextInt(6))), random.nextInt(1, 24), random);
    }
    if (random.nextInt(4) == 0) {
      String[] signs = {"e", "E", "e+", "e-", "E-", "e-0"};
      text.append(signs[random.nextInt(signs.length)]).append(random.nextInt(60));
    }
    return text.toString();
  }

  private static void append(StringBuilder text, int count, SplittableRandom random) {
    for (int i = 0; i < count; i++) {
      text.append((char) ('0' + random.nextInt(10)));
    }
  }

  private static float single(SplittableRandom random) {
    float value = Float.intBitsToFloat(random.nextInt());
    return Float.isFinite(value) ? value : 0.1f;
  }

  private static double real(SplittableRandom random) {
    double value = Double.longBitsToDouble(random.nextLong());
    return Double.isFinite(value) ? value : 0.1;
  }
}
