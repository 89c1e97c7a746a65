package dev.skiff.server.http;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Scans one JSON number in the bytes of a text, eight digits at a time (D. Lemire, "Number Parsing
 * at a Gigabyte per Second", 2021), and finds the float or double nearest to it. It knows what it
 * is sure of, to the last bit, and says so where it is not: for numbers of more than 18 digits,
 * very great or small ones, and those too near the middle between two floats. Not thread-safe.
 */
final class NumberScanner {
  private static final int NONE = -1;
  private static final int LONGEST_FRACTION = 64;
  private static final int GREATEST_POWER = 64;

  /** Up to this power, ten has an exact double. */
  private static final int GREATEST_EXACT_POWER = 22;

  private static final long GREATEST_EXACT_INTEGER = 1L << 53;

  /** Powers of ten from -64 on, each the nearest double. */
  private static final double[] POWERS = new double[2 * GREATEST_POWER + 1];

  /** Powers of ten from 0 to 8. */
  private static final long[] SHIFTS = new long[Long.BYTES + 1];

  /** By the number of digits to come: what came before must be less, or there are over 18. */
  private static final long[] LIMITS = new long[Long.BYTES + 1];

  static {
    for (int i = 0; i < POWERS.length; i++) {
      POWERS[i] = Double.parseDouble("1e" + (i - GREATEST_POWER));
    }
    long shift = 1;
    for (int i = 0; i < SHIFTS.length; i++, shift *= 10) {
      SHIFTS[i] = shift;
      LIMITS[i] = 1_000_000_000_000_000_000L / shift;
    }
  }

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;
  private final int limit;

  // What was scanned: where it ends, and (-)significand * 10^exponent.
  private int end;
  private boolean negative;
  private long significand;
  private int exponent;

  /**
   * A scanner of a text.
   *
   * @param limit where the text ends; the array may go on
   */
  NumberScanner(byte[] bytes, int limit) {
    this.bytes = bytes;
    this.limit = limit;
  }

  /** A byte of the text, 0 outside of it. */
  int peek(int at) {
    return at >= 0 && at < limit ? bytes[at] : 0;
  }

  /** The first byte from here on that is no space. */
  int skipSpace(int start) {
    int at = start;
    int c = peek(at);
    while (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      c = peek(++at);
    }
    return at;
  }

  /**
   * Scans a number with or without a fraction and an exponent.
   *
   * @param start its first byte, or a negative number for none
   * @return whether there is one and it is known
   */
  boolean scanReal(int start) {
    int at = whole(sign(start));
    exponent = 0;
    if (peek(at) == '.') {
      int point = at + 1;
      at = digits(point);
      if (at <= point || at - point > LONGEST_FRACTION) {
        return false;
      }
      exponent = point - at;
    }
    if ((peek(at) | 0x20) == 'e') {
      at = exponent(at + 1);
    }
    end = at;
    return at >= 0 && at <= limit;
  }

  /** Scans a number without a fraction and an exponent. */
  boolean scanInteger(int start) {
    int at = whole(sign(start));
    end = at;
    int following = peek(at);
    return at >= 0 && at <= limit && following != '.' && (following | 0x20) != 'e';
  }

  /** Behind the number that was scanned. */
  int end() {
    return end;
  }

  /** Whether a minus came before it. */
  boolean isNegative() {
    return negative;
  }

  /** The integer that was scanned, of at most 18 digits. */
  long integer() {
    return negative ? -significand : significand;
  }

  /**
   * The float nearest to the number, or NaN if that is not certain. Three roundings have moved the
   * product by less than 2^-51 of itself; if so near on both sides one float is the nearest, it is
   * the number's too.
   */
  float nearestFloat() {
    if (exponent < -GREATEST_POWER || exponent > GREATEST_POWER) {
      return Float.NaN;
    }
    double product = significand * POWERS[exponent + GREATEST_POWER];
    float nearest = (float) (product * (1 + 0x1p-50));
    boolean isCertain = nearest == (float) (product * (1 - 0x1p-50));
    return isCertain && nearest != Float.POSITIVE_INFINITY ? signed(nearest) : Float.NaN;
  }

  /**
   * The double nearest to the number, or NaN if that is not certain. With operands that are exact,
   * the processor rounds once (W. Clinger, 1990). If the significand is not, the quotient's
   * remainder is found by a fused multiply-add and corrects it, certainly unless even the smallest
   * error of that would matter.
   */
  double nearestDouble() {
    if (exponent < -GREATEST_EXACT_POWER || exponent > GREATEST_EXACT_POWER) {
      return Double.NaN;
    }
    double high = significand;
    double power = POWERS[Math.abs(exponent) + GREATEST_POWER];
    if (exponent == 0) {
      return signed(high);
    }
    if (significand <= GREATEST_EXACT_INTEGER) {
      return signed(exponent < 0 ? high / power : high * power);
    }
    if (exponent > 0) {
      return Double.NaN;
    }
    double low = significand - (long) high;
    double quotient = high / power;
    double correction = (Math.fma(-quotient, power, high) + low) / power;
    double nearest = quotient + correction * (1 + 0x1p-40);
    return nearest == quotient + correction * (1 - 0x1p-40) ? signed(nearest) : Double.NaN;
  }

  private float signed(float value) {
    return negative ? -value : value;
  }

  private double signed(double value) {
    return negative ? -value : value;
  }

  private int sign(int at) {
    negative = peek(at) == '-';
    return negative ? at + 1 : at;
  }

  /** Reads the digits before a point: no zero first, but for 0 itself. */
  private int whole(int at) {
    int digit = peek(at) - '0';
    significand = digit;
    if (digit < 0 || digit > 9) {
      return NONE;
    }
    if (!isDigit(peek(at + 1))) {
      return at + 1;
    }
    return digit == 0 ? NONE : digits(at + 1);
  }

  /** Reads digits, none or more, behind those that the significand has. */
  private int digits(int start) {
    int at = start;
    long value = significand;
    while (true) {
      long chunk = eight(at) ^ 0x3030_3030_3030_3030L;
      // The lowest byte over 9 gets its highest bit set; what it does to those above is no matter.
      long others = (chunk + 0x7676_7676_7676_7676L | chunk) & 0x8080_8080_8080_8080L;
      int count = Long.numberOfTrailingZeros(others) >>> 3;
      if (value >= LIMITS[count]) {
        return NONE;
      }
      if (count < Long.BYTES) {
        // Zeros before the digits, and twice half the way because a shift by 64 is one by 0.
        int half = 32 - 4 * count;
        significand = value * SHIFTS[count] + decimal(chunk << half << half);
        return at + count;
      }
      value = value * SHIFTS[Long.BYTES] + decimal(chunk);
      at += Long.BYTES;
      if (!isDigit(peek(at))) {
        significand = value;
        return at;
      }
    }
  }

  /** Reads what follows the e. */
  private int exponent(int start) {
    int sign = peek(start);
    int at = sign == '-' || sign == '+' ? start + 1 : start;
    int value = 0;
    int most = at + 3;
    for (; isDigit(peek(at)); at++) {
      if (at == most) {
        return NONE;
      }
      value = value * 10 + peek(at) - '0';
    }
    exponent += sign == '-' ? -value : value;
    return isDigit(peek(at - 1)) ? at : NONE;
  }

  /** The number of eight digits 0 to 9, the first in the lowest byte. */
  private static long decimal(long digits) {
    long pairs = digits * 10 + (digits >>> 8);
    long odd = (pairs & 0x0000_00FF_0000_00FFL) * ((1_000_000L << 32) + 100);
    long even = (pairs >>> 16 & 0x0000_00FF_0000_00FFL) * ((10_000L << 32) + 1);
    return (odd + even) >>> 32;
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  /** Eight bytes, the first in the lowest; behind the end of the array come zeros. */
  private long eight(int at) {
    if (at <= bytes.length - Long.BYTES) {
      return (long) LONGS.get(bytes, at);
    }
    long some = 0;
    for (int i = bytes.length - 1; i >= at; i--) {
      some = some << 8 | (bytes[i] & 0xFF);
    }
    return some;
  }
}
