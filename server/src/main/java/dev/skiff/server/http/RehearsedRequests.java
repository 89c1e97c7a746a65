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
import java.util.List;

/** Made-up requests of one row, whole with their heads; what a graph leaves open is 1. */
final class RehearsedRequests {
  /** Larger inputs are the business of models that are not quick. */
  private static final int MOST_ELEMENTS = 4096;

  private RehearsedRequests() {}

  /** Two for each model that is quick and takes small inputs, one in each dialect. */
  static List<byte[]> of(ModelRepository models) {
    List<byte[]> requests = new ArrayList<>();
    for (ModelVersion version : models.all()) {
      try (ModelVersion.Lease lease = version.acquire()) {
        LoadedModel model = lease.target();
        if (model.serviceTime().isQuick() && elements(model) <= MOST_ELEMENTS) {
          requests.add(
              request("/predict/" + version.model(), Json.write(json -> predict(model, json))));
          requests.add(
              request(
                  "/v2/models/" + version.model() + "/infer",
                  Json.write(json -> infer(model, json))));
        }
      }
    }
    return requests;
  }

  private static long elements(LoadedModel model) {
    long sum = 0;
    for (TensorSpec input : model.inputs()) {
      sum += input.shape().closed().elements();
    }
    return sum;
  }

  private static byte[] request(String path, Body body) {
    String head =
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            .formatted(path, body.length());
    return (head + new String(body.bytes(), body.offset(), body.length(), StandardCharsets.UTF_8))
        .getBytes(StandardCharsets.UTF_8);
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

  private static void infer(LoadedModel model, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeArrayFieldStart("inputs");
    for (TensorSpec input : model.inputs()) {
      json.writeStartObject();
      json.writeStringField("name", input.name());
      json.writeStringField("datatype", input.datatype().name());
      json.writeFieldName("shape");
      long[] shape = input.shape().closed().toArray();
      json.writeArray(shape, 0, shape.length);
      json.writeFieldName("data");
      data(input, json);
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
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
