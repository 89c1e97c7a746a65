package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.http.Predictions.Written;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Writes an inference response of the Open Inference Protocol V2: JSON, and behind it the outputs
 * that were asked for in binary form: small ones copied, large ones left in their tensor's memory,
 * from where they go to the network. The protocol knows tensors only, so a sequence or a map goes
 * out as a BYTES tensor with one JSON text per element.
 */
final class InferWriter {
  /** A Java array holds a reply; leave it a little room. */
  private static final long MOST_BYTES = Integer.MAX_VALUE - 16L;

  private InferWriter() {}

  static Written write(Lease lease, InferRequest request, InferenceResponse response) {
    List<String> labels = lease.target().labels();
    Map<String, Tensor> binary = new LinkedHashMap<>();
    Body body =
        Json.write(
            json -> {
              json.writeStartObject();
              json.writeStringField("model_name", lease.model());
              json.writeStringField("model_version", Long.toString(lease.version()));
              if (request.id().isPresent()) {
                json.writeStringField("id", request.id().get());
              }
              json.writeArrayFieldStart("outputs");
              for (Map.Entry<String, Value> output : response.outputs().entrySet()) {
                String name = output.getKey();
                Integer classes = request.classes().get(name);
                Tensor tensor =
                    classes == null
                        ? tensor(output.getValue())
                        : Classification.of(output.getValue(), classes, labels);
                head(json, name, tensor);
                if (request.binary().contains(name)) {
                  binary.put(name, tensor);
                  json.writeObjectFieldStart("parameters");
                  json.writeNumberField("binary_data_size", tensor.data().limit());
                  json.writeEndObject();
                } else {
                  json.writeFieldName("data");
                  new ValueWriter(json).writeFlat(tensor);
                }
                json.writeEndObject();
              }
              json.writeEndArray();
              json.writeEndObject();
            });
    if (binary.isEmpty()) {
      return Written.json(body);
    }
    try {
      return new Written(joined(body, binary, response), OptionalInt.of(body.length()));
    } catch (InferenceException e) {
      body.release();
      throw e;
    }
  }

  private static void head(JsonGenerator json, String name, Tensor tensor) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", name);
    json.writeStringField("datatype", tensor.datatype().name());
    json.writeFieldName("shape");
    json.writeArray(tensor.shape().toArray(), 0, tensor.shape().rank());
  }

  private static Tensor tensor(Value value) {
    return switch (value) {
      case Tensor tensor -> tensor;
      case Value.Sequence(var values) -> texts(values);
      case Value.Dictionary _ -> texts(List.of(value));
    };
  }

  private static Tensor texts(List<Value> values) {
    List<String> texts = new ArrayList<>(values.size());
    for (Value value : values) {
      Body text = Json.write(inner -> new ValueWriter(inner).write(value));
      texts.add(new String(text.bytes(), text.offset(), text.length(), StandardCharsets.UTF_8));
      text.release();
    }
    return Tensor.ofStrings(Shape.of(values.size()), texts);
  }

  private static Body joined(Body json, Map<String, Tensor> binary, InferenceResponse response) {
    long length = json.length();
    for (Tensor tensor : binary.values()) {
      length += tensor.data().limit();
    }
    if (length > MOST_BYTES) {
      throw new InferenceException(
          ErrorCode.RESOURCE_EXHAUSTED,
          "the reply would have %d bytes, over the limit of %d".formatted(length, MOST_BYTES));
    }
    ReplyBuffer buffer = Objects.requireNonNull(json.lent(), "written by Json");
    if (length < BodyMemory.LEAST_BYTES) {
      buffer.append(binary.values().stream().map(Tensor::data).toList());
      return buffer.body();
    }
    // They outlive the response, until the reply is out.
    binary.forEach((name, tensor) -> response.outputs().remove(name, tensor));
    return buffer.body(List.copyOf(binary.values()));
  }
}
