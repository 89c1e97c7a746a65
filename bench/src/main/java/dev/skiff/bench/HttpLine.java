package dev.skiff.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The line of an HTTP/1.1 head that is being read: collected from buffers cut at any place, without
 * its line end. Reused from line to line; one thread.
 */
final class HttpLine {
  private static final int LONGEST = 8192;

  private final byte[] bytes = new byte[LONGEST];
  private int length;

  /**
   * Takes bytes up to the end of the line.
   *
   * @return whether the line is complete
   */
  boolean take(ByteBuffer in) throws MalformedMessageException {
    while (in.hasRemaining()) {
      byte next = in.get();
      if (next == '\n') {
        if (length > 0 && bytes[length - 1] == '\r') {
          length--;
        }
        return true;
      }
      if (length == LONGEST) {
        throw new MalformedMessageException("a line of more than " + LONGEST + " bytes");
      }
      bytes[length++] = next;
    }
    return false;
  }

  void clear() {
    length = 0;
  }

  int length() {
    return length;
  }

  /** The byte at the index; 0 behind the end. */
  byte at(int index) {
    return index < length ? bytes[index] : 0;
  }

  /** Compares without regard to the case of ASCII letters; the prefix is in lower case. */
  boolean startsWith(byte[] prefix) {
    if (length < prefix.length) {
      return false;
    }
    for (int i = 0; i < prefix.length; i++) {
      if (lowerCase(bytes[i]) != prefix[i]) {
        return false;
      }
    }
    return true;
  }

  /** The text from the index on, trimmed, in lower case. */
  String lowerCaseText(int from) {
    return new String(bytes, from, length - from, StandardCharsets.ISO_8859_1)
        .strip()
        .toLowerCase(Locale.ROOT);
  }

  /** The first such byte, or the length where there is none. */
  int indexOf(char wanted) {
    int at = 0;
    while (at < length && bytes[at] != wanted) {
      at++;
    }
    return at;
  }

  /** The digits between two indexes, with blanks around them and nothing else. */
  long number(int from, int to, int radix) throws MalformedMessageException {
    int first = from;
    int end = Math.min(to, length);
    while (first < end && isBlank(bytes[first])) {
      first++;
    }
    while (end > first && isBlank(bytes[end - 1])) {
      end--;
    }
    if (first >= end) {
      throw new MalformedMessageException("no number: " + this);
    }
    long number = 0;
    for (int at = first; at < end; at++) {
      int digit = Character.digit(bytes[at], radix);
      if (digit < 0 || number > (Long.MAX_VALUE - digit) / radix) {
        throw new MalformedMessageException("not a number: " + this);
      }
      number = number * radix + digit;
    }
    return number;
  }

  @Override
  public String toString() {
    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  private static byte lowerCase(byte b) {
    return b >= 'A' && b <= 'Z' ? (byte) (b | 0x20) : b;
  }
}
