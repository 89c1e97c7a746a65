package dev.skiff.server.http;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** A bad request, to the byte, and the status of its reply. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Asked(int status, byte[] request) {

  /** A text with CR LF for each of its line ends. */
  static Asked raw(int status, String text) {
    return new Asked(status, text.replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1));
  }

  /** A POST that is refused with 400; quotes are single ones in the JSON here. */
  static Asked post(String path, String json) {
    return post(400, path, json);
  }

  /** A POST; quotes are single ones in the JSON here. */
  static Asked post(int status, String path, String json) {
    String quoted = json.replace('\'', '"');
    boolean isUtf8 = quoted.chars().anyMatch(c -> c > 0xff);
    return sent(
        status,
        "POST " + path + " HTTP/1.1\nHost: a\n",
        quoted.getBytes(isUtf8 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1));
  }

  /** A body whose JSON has such a length, as it says. */
  static Asked sized(String path, String length, String body) {
    return sent(
        400,
        "POST %s HTTP/1.1\nHost: a\n%s: %s\n".formatted(path, RequestHeaders.JSON_LENGTH, length),
        body.replace('\'', '"').getBytes(StandardCharsets.ISO_8859_1));
  }

  /** JSON, and tensors behind it. */
  static Asked binary(int status, String path, String json, String data) {
    return sent(
        status,
        "POST %s HTTP/1.1\nHost: a\n%s: %d\n"
            .formatted(path, RequestHeaders.JSON_LENGTH, json.length()),
        (json.replace('\'', '"') + data).getBytes(StandardCharsets.ISO_8859_1));
  }

  /** A JSON text compressed, and what comes behind. */
  static Asked gzip(int status, String json, String behind) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Exchange.Body body =
        ContentCoding.GZIP
            .encode(new Exchange.Body((json + " ".repeat(200)).getBytes(StandardCharsets.UTF_8)))
            .orElseThrow();
    bytes.write(body.bytes(), body.offset(), body.length());
    bytes.writeBytes(behind.getBytes(StandardCharsets.UTF_8));
    return sent(
        status,
        "POST " + BadInputs.FP32 + " HTTP/1.1\nHost: a\nContent-Encoding: gzip\n",
        bytes.toByteArray());
  }

  private static Asked sent(int status, String head, byte[] body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(raw(status, head + "Content-Length: " + body.length + "\n\n").request());
    bytes.writeBytes(body);
    return new Asked(status, bytes.toByteArray());
  }
}
