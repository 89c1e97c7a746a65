package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Writes an inference response of the Open Inference Protocol V2 in JSON. The protocol knows
 * tensors only, so a sequence or a map goes out as a BYTES tensor with one JSON text per element.
 */
final class InferWriter {
  private InferWriter() {}

  static Body write(Lease lease, InferRequest request, InferenceResponse response) {
    List<String> labels = lease.target().labels();
    return Json.write(
        json -> {
          json.writeStartObject();
          json.writeStringField("model_name", lease.model());
          json.writeStringField("model_version", Long.toString(lease.version()));
          if (request.id().isPresent()) {
            json.writeStringField("id", request.id().get());
          }
          json.writeArrayFieldStart("outputs");
          for (Map.Entry<String, Value> output : response.outputs().entrySet()) {
            Integer classes = request.classes().get(output.getKey());
            Value value =
                classes == null
                    ? output.getValue()
                    : Classification.of(output.getValue(), classes, labels);
            output(json, output.getKey(), value);
          }
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  private static void output(JsonGenerator json, String name, Value value) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", name);
    switch (value) {
      case Tensor tensor -> {
        json.writeStringField("datatype", tensor.datatype().name());
        json.writeFieldName("shape");
        json.writeArray(tensor.shape().toArray(), 0, tensor.shape().rank());
        json.writeFieldName("data");
        new ValueWriter(json).writeFlat(tensor);
      }
      case Value.Sequence(var values) -> texts(json, values);
      case Value.Dictionary _ -> texts(json, List.of(value));
    }
    json.writeEndObject();
  }

  private static void texts(JsonGenerator json, List<Value> values) throws IOException {
    json.writeStringField("datatype", "BYTES");
    json.writeFieldName("shape");
    json.writeArray(new int[] {values.size()}, 0, 1);
    json.writeArrayFieldStart("data");
    for (Value value : values) {
      Body text = Json.write(inner -> new ValueWriter(inner).write(value));
      json.writeString(
          new String(text.bytes(), text.offset(), text.length(), StandardCharsets.UTF_8));
    }
    json.writeEndArray();
  }
}
