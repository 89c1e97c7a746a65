package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.skiff.server.model.Placement;
import java.io.IOException;
import java.util.Map;

/** Where a model runs, as fields of the object that describes the model. */
final class PlacementWriter {
  private PlacementWriter() {}

  static void write(JsonGenerator json, Placement placement) throws IOException {
    json.writeStringField("execution_provider", placement.provider());
    if (placement.regret().isPresent()) {
      json.writeStringField("execution_provider_reason", placement.regret().get());
    }
    if (placement.device().isPresent()) {
      json.writeNumberField("gpu_device", placement.device().getAsInt());
    }
    if (!placement.nodes().isEmpty()) {
      json.writeObjectFieldStart("nodes");
      for (Map.Entry<String, Integer> nodes : placement.nodes().entrySet()) {
        json.writeNumberField(nodes.getKey(), nodes.getValue());
      }
      json.writeEndObject();
    }
  }
}
