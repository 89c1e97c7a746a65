package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.model.ModelControl;
import dev.skiff.server.model.ModelIndex;
import dev.skiff.server.model.ModelState;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * {@code POST /v2/repository…}: Triton's "Model Repository Extension", as its clients send and
 * expect it. Each operation holds a thread of the pool until it is done. Thread-safe.
 */
record RepositoryHandler(ModelControl control) {
  /** No request has more to say. */
  static final int LARGEST_BODY = 64 << 10;

  private static final Parameters NONE = new Parameters(Map.of());

  /** Every version and its state; those that are ready if the body asks for them alone. */
  void index(Exchange exchange) throws IOException {
    boolean ready = read(exchange, "ready", RepositoryHandler::truth, false);
    List<ModelIndex.Entry> entries =
        control.index().entries().stream()
            .filter(entry -> !ready || entry.state() instanceof ModelState.Ready)
            .toList();
    Body body =
        Json.write(
            json -> {
              json.writeStartArray();
              for (ModelIndex.Entry entry : entries) {
                entry(json, entry);
              }
              json.writeEndArray();
            });
    exchange.reply(200, Json.CONTENT_TYPE, body);
  }

  private static void entry(JsonGenerator json, ModelIndex.Entry entry) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", entry.model());
    json.writeStringField("version", Long.toString(entry.version()));
    json.writeStringField("state", entry.state().label().toUpperCase(Locale.ROOT));
    if (entry.state() instanceof ModelState.Unavailable(String reason)) {
      json.writeStringField("reason", reason);
    }
    json.writeEndObject();
  }

  /** Loads a model as it lies in the folder, in place of what serves under its name. */
  void load(Exchange exchange) throws IOException {
    read(exchange, "parameters", Parameters::read, NONE).load();
    String name = Predictions.model(exchange).orElseThrow();
    served(exchange, name, control.load(name));
  }

  /** Serves a model no more. Triton's parameter {@code unload_dependents} has no meaning here. */
  void unload(Exchange exchange) throws IOException {
    read(exchange, "parameters", Parameters::read, NONE);
    String name = Predictions.model(exchange).orElseThrow();
    control.unload(name);
    served(exchange, name, List.of());
  }

  private static void served(Exchange exchange, String name, Collection<Long> versions)
      throws IOException {
    Body body =
        Json.write(
            json -> {
              json.writeStartObject();
              json.writeStringField("name", name);
              json.writeArrayFieldStart("versions");
              for (long version : versions) {
                json.writeString(Long.toString(version));
              }
              json.writeEndArray();
              json.writeEndObject();
            });
    exchange.reply(200, Json.CONTENT_TYPE, body);
  }

  /**
   * One field of the body; there may be none of both, and fields of other names are let be.
   *
   * @throws Postponed if the request may not wait, as an operation does
   */
  private static <T> T read(Exchange exchange, String field, Json.Reader<T> reader, T absent)
      throws IOException {
    if (exchange.header("Origin") != null) {
      // Browsers send it with every POST, and without keys any page could have them send one here.
      throw InferenceException.invalid(
          "models are not managed by web pages, got the header Origin");
    }
    RequestHeaders.checkJson(exchange);
    RequestHeaders.checkAcceptsJson(exchange);
    Optional<ContentCoding> coding = ContentCoding.ofRequest(exchange);
    Body in = exchange.body();
    if (!exchange.mayWait()) {
      throw Postponed.INSTANCE;
    }
    Body body = coding.isPresent() ? coding.get().decode(in, LARGEST_BODY) : in;
    return body.length() == 0
        ? absent
        : Json.read(body, json -> field(json, field, reader, absent));
  }

  private static <T> T field(TensorParser json, String name, Json.Reader<T> reader, T absent)
      throws IOException {
    Json.expect(json, JsonToken.START_OBJECT, "an object");
    T value = absent;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      boolean wanted = json.currentName().equals(name);
      json.nextToken();
      if (wanted) {
        value = reader.read(json);
      } else {
        json.skipChildren();
      }
    }
    return value;
  }

  private static boolean truth(TensorParser json) throws IOException {
    return switch (json.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw Json.unexpected(json, "true or false for \"ready\"");
    };
  }
}
