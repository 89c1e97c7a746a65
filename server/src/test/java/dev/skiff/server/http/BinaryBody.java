package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A V2 request of JSON and tensors in binary form behind it. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record BinaryBody(byte[] bytes, int jsonLength) {

  static BinaryBody of(String json, byte[]... tensors) {
    byte[] head = json.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(head);
    for (byte[] tensor : tensors) {
      bytes.writeBytes(tensor);
    }
    return new BinaryBody(bytes.toByteArray(), head.length);
  }

  /** One input of a request whose data follows the JSON. */
  static String input(String name, String shape, String datatype, int size) {
    return ("{\"name\":\"%s\",\"shape\":%s,\"datatype\":\"%s\","
            + "\"parameters\":{\"binary_data_size\":%d}}")
        .formatted(name, shape, datatype, size);
  }

  /** A request with one input, which follows the JSON. */
  static BinaryBody of(String name, String shape, String datatype, byte[] tensor) {
    String input = input(name, shape, datatype, tensor.length);
    return of("{\"inputs\":[" + input + "]}", tensor);
  }

  Body body() {
    return Fixtures.body(bytes);
  }

  /** Sends it to an infer path. */
  Reply post(TestServer server, String path) {
    return server.send(
        server
            .request(path)
            .header("Inference-Header-Content-Length", Integer.toString(jsonLength))
            .POST(BodyPublishers.ofByteArray(bytes)));
  }

  static byte[] floats(float... values) {
    byte[] bytes = new byte[values.length * Float.BYTES];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return bytes;
  }

  /** BYTES elements, each behind its length. */
  static byte[] texts(String... values) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String value : values) {
      byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
      byte[] length = new byte[Integer.BYTES];
      ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).putInt(utf8.length);
      bytes.writeBytes(length);
      bytes.writeBytes(utf8);
    }
    return bytes.toByteArray();
  }
}
