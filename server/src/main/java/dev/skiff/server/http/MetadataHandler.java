package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelState;
import dev.skiff.server.model.ModelVersion;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;

/** {@code GET /v2…}: what the V2 protocol tells of the server and its models. */
final class MetadataHandler {
  /** Triton's names for what goes beyond the protocol's core. */
  private static final List<String> EXTENSIONS =
      List.of("binary_tensor_data", "classification", "model_configuration", "statistics");

  private final ModelRepository repository;
  private final String version;
  private final List<String> extensions;

  /**
   * The metadata of a server.
   *
   * @param loadsModels whether requests to the same port may load and unload models
   */
  MetadataHandler(ModelRepository repository, String version, boolean loadsModels) {
    this.repository = repository;
    this.version = version;
    this.extensions =
        Stream.concat(EXTENSIONS.stream(), Stream.of("model_repository").filter(it -> loadsModels))
            .toList();
  }

  /** {@code GET /v2}: server metadata. */
  void server(Exchange exchange) throws IOException {
    Body body =
        Json.write(
            json -> {
              json.writeStartObject();
              json.writeStringField("name", "skiff");
              json.writeStringField("version", version);
              json.writeArrayFieldStart("extensions");
              for (String extension : extensions) {
                json.writeString(extension);
              }
              json.writeEndArray();
              json.writeEndObject();
            });
    exchange.reply(200, Json.CONTENT_TYPE, body);
  }

  /** {@code GET /v2/models/{model}[/versions/{version}]}: model metadata. */
  void model(Exchange exchange) throws IOException {
    try (Lease lease = Predictions.lease(repository, exchange)) {
      Body body =
          Json.write(
              json -> {
                json.writeStartObject();
                json.writeStringField("name", lease.model());
                json.writeArrayFieldStart("versions");
                for (long number : repository.versions(lease.model())) {
                  json.writeString(Long.toString(number));
                }
                json.writeEndArray();
                json.writeStringField("platform", "onnxruntime_onnx");
                tensors(json, "inputs", lease.target().inputs());
                tensors(json, "outputs", lease.target().outputs());
                json.writeEndObject();
              });
      exchange.reply(200, Json.CONTENT_TYPE, body);
    }
  }

  /** {@code GET /v2/models/{model}[/versions/{version}]/ready}. */
  void modelReady(Exchange exchange) throws IOException {
    ModelVersion found =
        repository.find(Predictions.model(exchange), Predictions.version(exchange));
    boolean ready = found.state() instanceof ModelState.Ready;
    Body body =
        Json.write(
            json -> {
              json.writeStartObject();
              json.writeStringField("name", found.model());
              json.writeBooleanField("ready", ready);
              json.writeEndObject();
            });
    exchange.reply(ready ? 200 : 503, Json.CONTENT_TYPE, body);
  }

  private static void tensors(JsonGenerator json, String field, List<TensorSpec> specs)
      throws IOException {
    json.writeArrayFieldStart(field);
    for (TensorSpec spec : specs) {
      json.writeStartObject();
      json.writeStringField("name", spec.name());
      json.writeStringField("datatype", spec.datatype().name());
      json.writeFieldName("shape");
      json.writeArray(spec.shape().toArray(), 0, spec.shape().rank());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
