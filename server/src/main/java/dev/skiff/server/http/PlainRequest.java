package dev.skiff.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A request of HTTP/1.1 in its plainest form, read where it lies. It takes what every client sends
 * and leaves the rest to Jetty's parser: what is not certainly plain is {@linkplain Form#ODD odd},
 * be it right or wrong. Whatever it takes Jetty takes too, and means the same by it. Used by one
 * thread at a time.
 */
final class PlainRequest {
  private static final int MOST_HEADERS = 32;

  /** Of ports, and of lengths: a longer body does not fit into what is read at once. */
  private static final int MOST_DIGITS = 6;

  private static final byte[] VERSION = " HTTP/1.1\r\n".getBytes(ISO_8859_1);
  private static final boolean[] IN_NAMES = alphanumeric("!#$%&'*+-.^_`|~");
  private static final boolean[] IN_TARGETS = alphanumeric("/-._~:");
  private static final boolean[] IN_HOSTS = alphanumeric("-._");
  private static final String[] ODD_HEADERS = {
    "Transfer-Encoding", "Expect", "Upgrade", "Trailer", "TE", "HTTP2-Settings"
  };

  private byte[] bytes = {};
  private byte[] kept = {};
  private int start;
  private String method = "";
  private String path = "";

  /** What follows is counted from the request's first byte. */
  private final int[] names = new int[MOST_HEADERS];

  private final int[] nameEnds = new int[MOST_HEADERS];
  private final int[] values = new int[MOST_HEADERS];
  private final int[] valueEnds = new int[MOST_HEADERS];
  private int headers;
  private int body;
  private int bodyLength;

  /** What the bytes so far are. */
  enum Form {
    /** All of a request; what follows belongs to the next one. */
    WHOLE,
    /** The beginning of one, as far as can be seen. */
    PART,
    /** Something else. */
    ODD
  }

  /**
   * Reads a request from a buffer that has an array, and leaves it as it is. Only after one that
   * was whole the other methods may be called, as long as the bytes are there.
   */
  Form read(ByteBuffer in) {
    byte[] from = in.array();
    start = in.arrayOffset() + in.position();
    int to = start + in.remaining();
    bytes = from;
    headers = 0;
    int at = start;
    if (starts(from, at, to, "POST /")) {
      method = "POST";
    } else if (starts(from, at, to, "GET /")) {
      method = "GET";
    } else {
      return to - start < "POST /".length() ? Form.PART : Form.ODD;
    }
    at += method.length() + 1;
    int target = at;
    while (at < to && IN_TARGETS[from[at] & 0xff]) {
      at++;
    }
    int pathEnd = at;
    for (byte expected : VERSION) {
      if (at == to) {
        return Form.PART;
      }
      if (from[at++] != expected) {
        return Form.ODD;
      }
    }
    if (path.length() != pathEnd - target || !starts(from, target, pathEnd, path)) {
      path = new String(from, target, pathEnd - target, ISO_8859_1);
    }
    return headers(at, to);
  }

  private Form headers(int first, int to) {
    byte[] from = bytes;
    int at = first;
    while (at < to && from[at] != '\r') {
      if (headers == MOST_HEADERS) {
        return Form.ODD;
      }
      int name = at;
      while (at < to && IN_NAMES[from[at] & 0xff]) {
        at++;
      }
      int nameEnd = at;
      if (at < to && (from[at++] != ':' || nameEnd == name)) {
        return Form.ODD;
      }
      while (at < to && from[at] == ' ') {
        at++;
      }
      int value = at;
      while (at < to && from[at] >= ' ' && from[at] <= '~') {
        at++;
      }
      int valueEnd = at;
      if (at < to && from[at++] != '\r') {
        return Form.ODD;
      }
      if (at < to && from[at++] != '\n') {
        return Form.ODD;
      }
      while (valueEnd > value && from[valueEnd - 1] == ' ') {
        valueEnd--;
      }
      if (at < to && valueEnd == value) {
        return Form.ODD;
      }
      names[headers] = name - start;
      nameEnds[headers] = nameEnd - start;
      values[headers] = value - start;
      valueEnds[headers] = valueEnd - start;
      headers++;
    }
    if (to - at < 2) {
      return Form.PART;
    }
    if (from[at + 1] != '\n') {
      return Form.ODD;
    }
    body = at + 2 - start;
    return isPlain() ? (to - start - body < bodyLength ? Form.PART : Form.WHOLE) : Form.ODD;
  }

  /** Whether nothing in the head asks for more than an answer, or could be understood two ways. */
  private boolean isPlain() {
    for (String odd : ODD_HEADERS) {
      if (find(odd, 0) >= 0) {
        return false;
      }
    }
    int connection = find("Connection", 0);
    return hasOneHost()
        && hasOneLength()
        && (connection < 0 || (is(connection, "keep-alive") && !isRepeated("Connection")));
  }

  private boolean hasOneHost() {
    int host = find("Host", 0);
    if (host < 0 || find("Host", host + 1) >= 0) {
      return false;
    }
    int at = values[host];
    int end = valueEnds[host];
    while (at < end && IN_HOSTS[bytes[start + at] & 0xff]) {
      at++;
    }
    boolean named = at > values[host];
    if (at == end) {
      return named;
    }
    int port = bytes[start + at] == ':' ? number(at + 1, end) : 0;
    return named && port > 0 && port <= 65_535;
  }

  private boolean hasOneLength() {
    int header = find("Content-Length", 0);
    bodyLength = 0;
    if (header < 0) {
      return method.equals("GET");
    }
    bodyLength = number(values[header], valueEnds[header]);
    return bodyLength >= 0 && method.equals("POST") && find("Content-Length", header + 1) < 0;
  }

  /** A number of a few digits; -1 for anything else. */
  private int number(int first, int end) {
    if (first == end || end - first > MOST_DIGITS) {
      return -1;
    }
    int number = 0;
    for (int i = first; i < end; i++) {
      int digit = bytes[start + i] - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      number = 10 * number + digit;
    }
    return number;
  }

  /** GET or POST. */
  String method() {
    return method;
  }

  /** The path, which has no query, and nothing in it that could be decoded. */
  String path() {
    return path;
  }

  /** The first value of a header, if it was sent. */
  @Nullable String header(String name) {
    int header = find(name, 0);
    return header < 0
        ? null
        : new String(bytes, start + values[header], valueEnds[header] - values[header], ISO_8859_1);
  }

  /** Whether a header was sent more than once. */
  boolean isRepeated(String name) {
    int first = find(name, 0);
    return first >= 0 && find(name, first + 1) >= 0;
  }

  /** Keeps its headers, and not its body, for when the bytes are gone. */
  void keep() {
    if (kept.length < body) {
      kept = new byte[body];
    }
    System.arraycopy(bytes, start, kept, 0, body);
    bytes = kept;
    start = 0;
  }

  /** Where it lies. */
  byte[] bytes() {
    return bytes;
  }

  /** The place of the body's first byte. */
  int body() {
    return start + body;
  }

  int bodyLength() {
    return bodyLength;
  }

  /** How many bytes the whole request has. */
  int length() {
    return body + bodyLength;
  }

  private int find(String name, int first) {
    for (int i = first; i < headers; i++) {
      if (nameEnds[i] - names[i] == name.length() && matches(names[i], name)) {
        return i;
      }
    }
    return -1;
  }

  private boolean is(int header, String value) {
    return valueEnds[header] - values[header] == value.length() && matches(values[header], value);
  }

  /** Whether this text begins there, in whatever case its letters are. */
  private boolean matches(int at, String text) {
    for (int i = 0; i < text.length(); i++) {
      int difference = bytes[start + at + i] ^ text.charAt(i);
      if (difference != 0 && (difference != ' ' || !Character.isLetter(text.charAt(i)))) {
        return false;
      }
    }
    return true;
  }

  private static boolean starts(byte[] from, int at, int to, String text) {
    if (to - at < text.length()) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      if (from[at + i] != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** ASCII's letters and digits, and these. */
  private static boolean[] alphanumeric(String others) {
    boolean[] all = new boolean[256];
    for (char c = '0'; c <= 'z'; c++) {
      all[c] = Character.isLetterOrDigit(c);
    }
    for (int i = 0; i < others.length(); i++) {
      all[others.charAt(i)] = true;
    }
    return all;
  }
}
