package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.http.PredictReader.PredictRequest;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.Value;
import dev.skiff.server.model.LoadedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Writes the reply of the simple dialect, in the form of its request. */
final class PredictWriter {
  private PredictWriter() {}

  static Body write(PredictRequest request, InferenceResponse response, LoadedModel model) {
    Value first = response.outputs().firstEntry().getValue();
    Optional<List<@Nullable String>> labels = Labels.of(first, model.labels());
    return Json.write(
        json -> {
          json.writeStartObject();
          switch (request.form()) {
            case ROW -> {
              json.writeFieldName("prediction");
              row(json, first, model);
              if (labels.isPresent() && labels.get().size() == 1) {
                json.writeStringField("label", labels.get().getFirst());
              }
            }
            case INSTANCES -> {
              json.writeFieldName("predictions");
              instances(json, response.outputs(), request.rows());
              labels(json, labels);
            }
            case INPUTS -> {
              json.writeFieldName("outputs");
              columns(json, response.outputs());
              labels(json, labels);
            }
          }
          json.writeEndObject();
        });
  }

  /** The first output without its batch dimension, but always a list or a map. */
  private static void row(JsonGenerator json, Value value, LoadedModel model) throws IOException {
    ValueWriter writer = new ValueWriter(json);
    boolean batched = model.inputs().getFirst().batched();
    boolean strip =
        switch (value) {
          case Tensor tensor -> batched && tensor.shape().rank() > 1 && hasRows(value, 1);
          case Value.Sequence _ -> batched && hasRows(value, 1);
          case Value.Dictionary _ -> false;
        };
    if (strip) {
      writer.rows(value).writeNext();
    } else {
      writer.write(value);
    }
  }

  private static void instances(JsonGenerator json, Map<String, Value> outputs, long rows)
      throws IOException {
    ValueWriter writer = new ValueWriter(json);
    List<String> names = new ArrayList<>(outputs.size());
    List<ValueWriter.Rows> columns = new ArrayList<>(outputs.size());
    for (Map.Entry<String, Value> output : outputs.entrySet()) {
      if (!hasRows(output.getValue(), rows)) {
        throw InferenceException.invalid(
            "output '%s' does not have a row for each of the %d instances; use the \"inputs\" form"
                .formatted(output.getKey(), rows));
      }
      names.add(output.getKey());
      columns.add(writer.rows(output.getValue()));
    }
    json.writeStartArray();
    for (long row = 0; row < rows; row++) {
      if (columns.size() == 1) {
        columns.getFirst().writeNext();
        continue;
      }
      json.writeStartObject();
      for (int i = 0; i < columns.size(); i++) {
        json.writeFieldName(names.get(i));
        columns.get(i).writeNext();
      }
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void columns(JsonGenerator json, Map<String, Value> outputs) throws IOException {
    ValueWriter writer = new ValueWriter(json);
    if (outputs.size() == 1) {
      writer.write(outputs.values().iterator().next());
      return;
    }
    json.writeStartObject();
    for (Map.Entry<String, Value> output : outputs.entrySet()) {
      json.writeFieldName(output.getKey());
      writer.write(output.getValue());
    }
    json.writeEndObject();
  }

  private static void labels(JsonGenerator json, Optional<List<@Nullable String>> labels)
      throws IOException {
    if (labels.isPresent()) {
      json.writeArrayFieldStart("labels");
      for (@Nullable String label : labels.get()) {
        json.writeString(label);
      }
      json.writeEndArray();
    }
  }

  private static boolean hasRows(Value value, long rows) {
    return switch (value) {
      case Tensor tensor -> tensor.shape().rank() > 0 && tensor.shape().dimension(0) == rows;
      case Value.Sequence(var values) -> values.size() == rows;
      case Value.Dictionary _ -> false;
    };
  }
}
