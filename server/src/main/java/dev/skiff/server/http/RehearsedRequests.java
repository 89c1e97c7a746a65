package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelVersion;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Made-up requests of one row, whole with their heads; what a graph leaves open is 1. */
final class RehearsedRequests {
  /** Larger inputs come as binary data, as clients would send them. */
  private static final int MOST_JSON_ELEMENTS = 4096;

  private static final int MOST_BINARY_BYTES = 1 << 20;

  /** What no request goes without. */
  private static final String FEWEST = "Host: localhost";

  /** As the libraries of clients send them. */
  private static final String LIBRARYS =
      """
      Host: localhost:8080\r
      User-Agent: skiff-rehearsal\r
      Accept: */*\r
      Connection: keep-alive""";

  private RehearsedRequests() {}

  /** Those for all models that are ready. */
  static List<byte[]> of(ModelRepository models) {
    List<byte[]> requests = new ArrayList<>();
    for (ModelVersion version : models.all()) {
      try (ModelVersion.Lease lease = version.acquire()) {
        requests.addAll(of(version.model(), lease.target()));
      }
    }
    return requests;
  }

  /** One of each form, or a binary one; none for a model with still larger inputs. */
  static List<byte[]> of(String name, LoadedModel model) {
    String predict = "/predict/" + name;
    String infer = "/v2/models/" + name + "/infer";
    if (elements(model) > MOST_JSON_ELEMENTS) {
      return bytes(model) <= MOST_BINARY_BYTES ? List.of(binary(infer, model)) : List.of();
    }
    List<byte[]> requests = new ArrayList<>();
    requests.add(json(predict, LIBRARYS, Json.write(json -> predict(model, json))));
    if (model.inputs().size() == 1 && model.inputs().getFirst().shape().rank() > 1) {
      requests.add(json(predict, FEWEST, Json.write(json -> row(model.inputs().getFirst(), json))));
    }
    requests.add(json(infer, FEWEST, Json.write(json -> infer(model, false, json))));
    return requests;
  }

  private static long elements(LoadedModel model) {
    long sum = 0;
    for (TensorSpec input : model.inputs()) {
      sum += input.shape().closed().elements();
    }
    return sum;
  }

  /** Of all inputs as binary data; more than any request has where that is not known. */
  private static long bytes(LoadedModel model) {
    long sum = 0;
    for (TensorSpec input : model.inputs()) {
      if (input.datatype() == Datatype.BYTES) {
        return Long.MAX_VALUE;
      }
      sum += bytes(input);
    }
    return sum;
  }

  private static long bytes(TensorSpec input) {
    return input.shape().closed().elements() * input.datatype().byteSize();
  }

  private static byte[] json(String path, String headers, Body body) {
    return request(path, headers + "\r\nContent-Type: " + Json.CONTENT_TYPE, body, 0);
  }

  /** All elements are 0. */
  private static byte[] binary(String path, LoadedModel model) {
    Body json = Json.write(generator -> infer(model, true, generator));
    String headers =
        "%s\r\nContent-Type: %s\r\n%s: %d"
            .formatted(LIBRARYS, RequestHeaders.BINARY, RequestHeaders.JSON_LENGTH, json.length());
    return request(path, headers, json, (int) bytes(model));
  }

  /** The body may have so many zeros behind it. */
  private static byte[] request(String path, String headers, Body body, int zeros) {
    int length = body.length() + zeros;
    byte[] head =
        "POST %s HTTP/1.1\r\n%s\r\nContent-Length: %d\r\n\r\n"
            .formatted(path, headers, length)
            .getBytes(StandardCharsets.UTF_8);
    byte[] request = Arrays.copyOf(head, head.length + length);
    System.arraycopy(body.bytes(), body.offset(), request, head.length, body.length());
    return request;
  }

  private static void predict(LoadedModel model, JsonGenerator json) throws IOException {
    json.writeStartObject();
    if (model.inputs().size() == 1) {
      json.writeFieldName("instances");
      data(model.inputs().getFirst(), json);
    } else {
      json.writeObjectFieldStart("inputs");
      for (TensorSpec input : model.inputs()) {
        json.writeFieldName(input.name());
        data(input, json);
      }
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void infer(LoadedModel model, boolean binary, JsonGenerator json)
      throws IOException {
    json.writeStartObject();
    json.writeArrayFieldStart("inputs");
    for (TensorSpec input : model.inputs()) {
      json.writeStartObject();
      json.writeStringField("name", input.name());
      json.writeStringField("datatype", input.datatype().name());
      json.writeFieldName("shape");
      long[] shape = input.shape().closed().toArray();
      json.writeArray(shape, 0, shape.length);
      if (binary) {
        json.writeObjectFieldStart("parameters");
        json.writeNumberField("binary_data_size", bytes(input));
        json.writeEndObject();
      } else {
        json.writeFieldName("data");
        data(input, json);
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  /** Without its outermost dimension. */
  private static void row(TensorSpec input, JsonGenerator json) throws IOException {
    data(input.datatype(), input.shape().closed(), 1, json);
  }

  private static void data(TensorSpec input, JsonGenerator json) throws IOException {
    data(input.datatype(), input.shape().closed(), 0, json);
  }

  private static void data(Datatype datatype, Shape shape, int axis, JsonGenerator json)
      throws IOException {
    if (axis == shape.rank()) {
      element(datatype, json);
      return;
    }
    json.writeStartArray();
    for (long i = 0; i < shape.dimension(axis); i++) {
      data(datatype, shape, axis + 1, json);
    }
    json.writeEndArray();
  }

  private static void element(Datatype datatype, JsonGenerator json) throws IOException {
    switch (datatype) {
      case BOOL -> json.writeBoolean(true);
      case BYTES -> json.writeString("a few words");
      case FP16, BF16 -> json.writeNumber(0.5f);
      case FP32, FP64 -> json.writeNumber(0.6180339f);
      default -> json.writeNumber(1);
    }
  }
}
