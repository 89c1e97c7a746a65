package dev.skiff.server.http;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigInteger;
import java.nio.ByteOrder;

/**
 * Writes floats in the decimals of {@link Float#toString}: the shortest that read back as the same
 * float, the nearest of these, at least one digit before and behind the point.
 *
 * <p>The digits are found by Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020).
 * The reals that are read as a float are an interval. Of the powers of ten that are not wider than
 * that, the greatest has a multiple in it, and ten times the power at most one; with integers of 63
 * bits for the powers, all comparisons come out as they would without rounding.
 */
final class FloatWriter {
  /** What is written and, for a moment, zeros behind it. */
  static final int MOST_BYTES = 24;

  private static final int FRACTION_BITS = 23;
  private static final int FRACTION = (1 << FRACTION_BITS) - 1;
  private static final int GREATEST_BIASED_EXPONENT = 0xFF;

  /** Of the exponent, where the significand is a whole number. */
  private static final int BIAS = 127 + FRACTION_BITS;

  /** What all normal floats have in their significand. */
  private static final int HIDDEN = 1 << FRACTION_BITS;

  private static final int LEAST_EXPONENT = 1 - BIAS;

  /** Below this many times the least float, one digit would do, and two are written. */
  private static final int TINY = 8;

  private static final int LEAST_POWER = floorLog10(LEAST_EXPONENT);
  private static final int GREATEST_POWER = floorLog10(GREATEST_BIASED_EXPONENT - 1 - BIAS);
  private static final int POWER_BITS = 63;

  /** The leading bits of 10^-k, rounded up, by k - LEAST_POWER. */
  private static final long[] POWERS = new long[GREATEST_POWER - LEAST_POWER + 1];

  /** The digits of a float; each is written with as many. */
  private static final int DIGITS = 9;

  /** Powers of ten from 0 to 9. */
  private static final long[] SHIFTS = new long[DIGITS + 1];

  static {
    for (int i = 0; i < POWERS.length; i++) {
      int k = LEAST_POWER + i;
      BigInteger power = BigInteger.TEN.pow(Math.abs(k));
      int shift = POWER_BITS - 1 - floorLog2OfPowerOf10(-k);
      BigInteger bits =
          k > 0 ? BigInteger.ONE.shiftLeft(shift).divide(power) : power.shiftLeft(shift);
      POWERS[i] = bits.longValueExact() + 1;
    }
    SHIFTS[0] = 1;
    for (int i = 1; i < SHIFTS.length; i++) {
      SHIFTS[i] = 10 * SHIFTS[i - 1];
    }
  }

  /** Bits behind the point of what is scaled. */
  private static final int POINT = 33;

  private static final long ASCII_ZEROS = 0x3030_3030_3030_3030L;

  private static final VarHandle EIGHT_BYTES =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private FloatWriter() {}

  /**
   * Writes a float.
   *
   * @param value is finite
   * @param start where it goes; the array has at least {@link #MOST_BYTES} from there on
   * @return behind the last digit
   */
  static int write(float value, byte[] to, int start) {
    int bits = Float.floatToRawIntBits(value);
    int at = start;
    if (bits < 0) {
      to[at++] = '-';
    }
    int fraction = bits & FRACTION;
    int biased = (bits >>> FRACTION_BITS) & GREATEST_BIASED_EXPONENT;
    if (biased > 0) {
      return writeShortest(HIDDEN | fraction, biased - BIAS, 0, to, at);
    }
    if (fraction >= TINY) {
      return writeShortest(fraction, LEAST_EXPONENT, 0, to, at);
    }
    return fraction > 0
        ? writeShortest(10 * fraction, LEAST_EXPONENT, -1, to, at)
        : writeDecimal(0, 0, to, at);
  }

  /** Writes c * 2^q * 10^e, by way of the bounds of what is read as it, in quarters of 2^q. */
  private static int writeShortest(int c, int q, int e, byte[] to, int at) {
    int odd = c & 1;
    long middle = (long) c << 2;
    // The next lower float is nearer where the exponent changes.
    boolean isRegular = c != HIDDEN || q == LEAST_EXPONENT;
    int k = isRegular ? floorLog10(q) : floorLog10OfThreeQuarters(q);
    long power = POWERS[k - LEAST_POWER];
    int shift = q + floorLog2OfPowerOf10(-k) + POINT;
    long value = Math.multiplyHigh(power, middle << shift);
    // A float whose significand is even takes what lies in the middle between it and the next.
    long lower = Math.multiplyHigh(power, (middle - (isRegular ? 2 : 1)) << shift) + odd;
    long upper = Math.multiplyHigh(power, (middle + 2) << shift) - odd;
    return writeDecimal(choose(value, lower, upper), k + e, to, at);
  }

  /** The whole number between these bounds that ends in 0 if just one does; else the nearest. */
  private static long choose(long value, long lower, long upper) {
    long down = value >>> POINT;
    long tens = tenth(down) * 10;
    boolean isDownIn = lower <= tens << POINT;
    boolean isUpIn = (tens + 10) << POINT <= upper;
    if (down >= 100 && isDownIn != isUpIn) {
      return isDownIn ? tens : tens + 10;
    }
    isDownIn = lower <= down << POINT;
    isUpIn = (down + 1) << POINT <= upper;
    long between = (2 * down + 1) << (POINT - 1);
    boolean isDownNearer = value < between || (value == between && (down & 1) == 0);
    return (isDownIn != isUpIn ? isDownIn : isDownNearer) ? down : down + 1;
  }

  /** Writes f * 10^e, which has nine digits at most. */
  private static int writeDecimal(long f, int e, byte[] to, int at) {
    int length = floorLog10(Long.SIZE - Long.numberOfLeadingZeros(f));
    if (f >= SHIFTS[length]) {
      length++;
    }
    long digits = f * SHIFTS[DIGITS - length];
    long first = (digits * 1_441_151_881) >>> 57;
    long others = eightDigits(digits - first * 100_000_000);
    int count = Long.BYTES - (Long.numberOfLeadingZeros(others) >>> 3);
    byte firstAscii = (byte) ('0' + first);
    long ascii = others | ASCII_ZEROS;

    // Where the point comes among the digits.
    int point = e + length;
    if (point > 0 && point <= 7) {
      to[at] = firstAscii;
      EIGHT_BYTES.set(to, at + 1, ascii);
      EIGHT_BYTES.set(to, at + point + 1, ascii >>> (8 * (point - 1)));
      to[at + point] = '.';
      return at + 2 + Math.max(count, point);
    }
    if (point <= 0 && point > -3) {
      EIGHT_BYTES.set(to, at, ASCII_ZEROS);
      to[at + 1] = '.';
      to[at + 2 - point] = firstAscii;
      EIGHT_BYTES.set(to, at + 3 - point, ascii);
      return at + 3 - point + count;
    }
    to[at] = firstAscii;
    to[at + 1] = '.';
    EIGHT_BYTES.set(to, at + 2, ascii);
    return writeExponent(point - 1, to, at + 2 + Math.max(count, 1));
  }

  private static int writeExponent(int exponent, byte[] to, int start) {
    int at = start;
    to[at++] = 'E';
    if (exponent < 0) {
      to[at++] = '-';
    }
    int magnitude = Math.abs(exponent);
    if (magnitude >= 10) {
      to[at++] = (byte) ('0' + magnitude / 10);
    }
    to[at++] = (byte) ('0' + magnitude % 10);
    return at;
  }

  /** A tenth of a number of up to nine digits, rounded down. */
  private static long tenth(long number) {
    return (number * 1_717_986_919) >>> 34;
  }

  /** The eight digits of a number, the first in the lowest byte. */
  private static long eightDigits(long number) {
    long high = (number * 109_951_163) >>> 40;
    long fours = high | ((number - 10_000 * high) << 32);
    long hundreds = ((fours * 10_486) >>> 20) & 0x7F_0000_007FL;
    long twos = hundreds | ((fours - 100 * hundreds) << 16);
    long tens = ((twos * 103) >>> 10) & 0x0F_000F_000F_000FL;
    return tens | ((twos - 10 * tens) << 8);
  }

  /** Rounds log10(2^e) down, for |e| up to 2620. */
  private static int floorLog10(int e) {
    return (e * 315_653) >> 20;
  }

  /** Rounds log10(3/4 * 2^e) down, for |e| up to 2936. */
  private static int floorLog10OfThreeQuarters(int e) {
    return (e * 631_305 - 261_663) >> 21;
  }

  /** Rounds log2(10^e) down, for |e| up to 1233. */
  private static int floorLog2OfPowerOf10(int e) {
    return (e * 1_741_647) >> 19;
  }
}
