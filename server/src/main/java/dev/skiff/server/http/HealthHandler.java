package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelState;
import dev.skiff.server.model.ModelVersion;
import dev.skiff.server.model.Placement;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/** The probes: {@code /health}, {@code /health/live}, {@code /health/ready} and V2's two. */
final class HealthHandler {
  private final ModelRepository repository;
  private final Supplier<Phase> phase;
  private final String version;

  /**
   * The probes of a server.
   *
   * @param phase where the server is between its start and its end
   */
  HealthHandler(ModelRepository repository, Supplier<Phase> phase, String version) {
    this.repository = repository;
    this.phase = phase;
    this.version = version;
  }

  /** What the server can do at the moment. */
  private enum Status {
    /** No model is on its way, and at least one is ready. */
    OK,
    LOADING,
    WARMING,
    DRAINING,
    /** There is no model that could answer. */
    UNAVAILABLE
  }

  /** {@code GET /health}: 200 if requests are answered, with the state of every model. */
  void health(Exchange exchange) throws IOException {
    Status status = status();
    Body body =
        Json.write(
            json -> {
              json.writeStartObject();
              json.writeStringField("status", status.name().toLowerCase(Locale.ROOT));
              json.writeStringField("version", version);
              json.writeStringField("execution_provider", repository.providers());
              json.writeArrayFieldStart("models");
              for (ModelVersion model : repository.all()) {
                model(json, model);
              }
              json.writeEndArray();
              json.writeEndObject();
            });
    reply(exchange, status == Status.OK, body);
  }

  /** {@code GET /health/live} and {@code /v2/health/live}: the process answers. */
  void live(Exchange exchange) throws IOException {
    reply(exchange, true, flag("live", true));
  }

  /** {@code GET /health/ready} and {@code /v2/health/ready}: send requests here. */
  void ready(Exchange exchange) throws IOException {
    boolean ready = isReady();
    reply(exchange, ready, flag("ready", ready));
  }

  /** Whether requests are answered. */
  boolean isReady() {
    return status() == Status.OK;
  }

  private Status status() {
    Phase now = phase.get();
    if (now == Phase.DRAINING) {
      return Status.DRAINING;
    }
    List<ModelState> states = repository.all().stream().map(ModelVersion::state).toList();
    if (states.stream().anyMatch(ModelState.Loading.class::isInstance)) {
      return Status.LOADING;
    }
    if (states.stream().noneMatch(ModelState.Ready.class::isInstance)) {
      return Status.UNAVAILABLE;
    }
    return now == Phase.WARMING ? Status.WARMING : Status.OK;
  }

  private static void model(JsonGenerator json, ModelVersion model) throws IOException {
    ModelState state = model.state();
    json.writeStartObject();
    json.writeStringField("name", model.model());
    json.writeStringField("version", Long.toString(model.version()));
    json.writeStringField("state", state.label());
    if (state instanceof ModelState.Unavailable(String reason)) {
      json.writeStringField("reason", reason);
    }
    Optional<Placement> placement = model.placement();
    if (placement.isPresent()) {
      PlacementWriter.write(json, placement.get());
    }
    json.writeEndObject();
  }

  private static Body flag(String name, boolean value) {
    return Json.write(
        json -> {
          json.writeStartObject();
          json.writeBooleanField(name, value);
          json.writeEndObject();
        });
  }

  private static void reply(Exchange exchange, boolean good, Body body) throws IOException {
    if (!good) {
      exchange.replyHeader(ErrorMapper.RETRY_AFTER, "1");
    }
    exchange.replyHeader("Cache-Control", "no-store");
    exchange.reply(good ? 200 : 503, Json.CONTENT_TYPE, body);
  }
}
