package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.skiff.server.batching.BatchPolicy;
import dev.skiff.server.batching.Batcher;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.metrics.ModelMeters;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelVersion.Lease;
import dev.skiff.server.model.Placement;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code GET …/config} and {@code GET …/stats} of a model: two extensions of Triton's that its
 * clients and perf_analyzer read, in Triton's shapes ({@code model_config.proto}, "Statistics
 * Extension"). The statistics say besides how long the model's requests are expected to take, and
 * whether the fast lane therefore answers small ones in place.
 */
final class ModelHandler {
  private final ModelRepository repository;
  private final Metrics metrics;

  ModelHandler(ModelRepository repository, Metrics metrics) {
    this.repository = repository;
    this.metrics = metrics;
  }

  /** The model's configuration. A batched model's dims leave the batch out, as Triton's do. */
  void config(Exchange exchange) throws IOException {
    try (Lease lease = Predictions.lease(repository, exchange)) {
      LoadedModel model = lease.target();
      boolean batched = model.inputs().stream().allMatch(TensorSpec::batched);
      Body body =
          Json.write(
              json -> {
                json.writeStartObject();
                json.writeStringField("name", lease.model());
                json.writeStringField("platform", "onnxruntime_onnx");
                json.writeStringField("backend", "onnxruntime");
                json.writeNumberField(
                    "max_batch_size", batched ? model.batcher().limits().requestRows() : 0);
                tensors(json, "input", model.inputs(), batched);
                tensors(json, "output", model.outputs(), batched);
                batching(json, model.batcher(), model.placement());
                json.writeEndObject();
              });
      exchange.reply(200, Json.CONTENT_TYPE, body);
    }
  }

  /** How often and how long the model was asked, since the server started. */
  void statistics(Exchange exchange) throws IOException {
    try (Lease lease = Predictions.lease(repository, exchange)) {
      ModelMeters meters = metrics.model(lease.model(), lease.version());
      Body body =
          Json.write(
              json -> {
                json.writeStartObject();
                json.writeArrayFieldStart("model_stats");
                json.writeStartObject();
                json.writeStringField("name", lease.model());
                json.writeStringField("version", Long.toString(lease.version()));
                json.writeNumberField("last_inference", meters.lastMillis());
                json.writeNumberField("inference_count", meters.rowCount());
                json.writeNumberField("execution_count", meters.runs());
                json.writeNumberField("service_time_ns", lease.target().serviceTime().nanos());
                json.writeBooleanField("in_place", lease.target().serviceTime().isQuick());
                PlacementWriter.write(json, lease.target().placement());
                json.writeObjectFieldStart("inference_stats");
                duration(json, "success", meters.total());
                duration(json, "fail", meters.failure());
                duration(json, "queue", meters.queue());
                duration(json, "compute_input", meters.read());
                duration(json, "compute_infer", meters.run());
                duration(json, "compute_output", meters.write());
                json.writeEndObject();
                json.writeArrayFieldStart("batch_stats");
                for (ModelMeters.Batches batches : meters.batches()) {
                  json.writeStartObject();
                  json.writeNumberField("batch_size", batches.rows());
                  duration(json, "compute_input", batches.join());
                  duration(json, "compute_infer", batches.run());
                  duration(json, "compute_output", batches.split());
                  json.writeEndObject();
                }
                json.writeEndArray();
                json.writeEndObject();
                json.writeEndArray();
                json.writeEndObject();
              });
      exchange.reply(200, Json.CONTENT_TYPE, body);
    }
  }

  /** The dynamic batcher's settings, or why it runs each request alone; and the runs at a time. */
  private static void batching(JsonGenerator json, Batcher batcher, Placement placement)
      throws IOException {
    json.writeArrayFieldStart("instance_group");
    json.writeStartObject();
    json.writeStringField("kind", placement.device().isPresent() ? "KIND_GPU" : "KIND_CPU");
    json.writeNumberField("count", batcher.limits().concurrency());
    if (placement.device().isPresent()) {
      json.writeFieldName("gpus");
      json.writeArray(new int[] {placement.device().getAsInt()}, 0, 1);
    }
    json.writeEndObject();
    json.writeEndArray();
    Optional<String> objection = batcher.objection();
    if (objection.isPresent()) {
      json.writeObjectFieldStart("parameters");
      json.writeObjectFieldStart("dynamic_batching");
      json.writeStringField("string_value", "off: " + objection.get());
      json.writeEndObject();
      json.writeEndObject();
      return;
    }
    BatchPolicy policy = batcher.policy();
    json.writeObjectFieldStart("dynamic_batching");
    json.writeArrayFieldStart("preferred_batch_size");
    // As Triton has it: without any, the largest batch is the preferred one.
    Set<Long> preferred =
        policy.preferredRows().isEmpty() ? Set.of(policy.maxRows()) : policy.preferredRows();
    for (long rows : new TreeSet<>(preferred)) {
      json.writeNumber(rows);
    }
    json.writeEndArray();
    json.writeNumberField("max_queue_delay_microseconds", policy.delayNanos() / 1_000);
    json.writeEndObject();
  }

  private static void duration(JsonGenerator json, String name, ModelMeters.Durations durations)
      throws IOException {
    json.writeObjectFieldStart(name);
    json.writeNumberField("count", durations.count());
    json.writeNumberField("ns", durations.nanos());
    json.writeEndObject();
  }

  private static void tensors(
      JsonGenerator json, String field, List<TensorSpec> specs, boolean batched)
      throws IOException {
    json.writeArrayFieldStart(field);
    for (TensorSpec spec : specs) {
      Shape shape = batched && spec.shape().rank() > 0 ? spec.shape().row() : spec.shape();
      String type = spec.datatype() == Datatype.BYTES ? "STRING" : spec.datatype().name();
      json.writeStartObject();
      json.writeStringField("name", spec.name());
      json.writeStringField("data_type", "TYPE_" + type);
      json.writeFieldName("dims");
      json.writeArray(shape.toArray(), 0, shape.rank());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
