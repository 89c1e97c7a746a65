package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Reads an inference request of the Open Inference Protocol V2 in JSON ("Inference Request JSON
 * Object"). Its keys may come in any order, a tensor's data before its name included.
 */
final class InferReader {
  private static final int LONGEST_ID = 1024;

  private final Body body;
  private final LoadedModel model;
  private final RequestInputs inputs;
  private final List<String> outputs = new ArrayList<>();
  private final Map<String, Integer> classes = new HashMap<>();
  private @Nullable String id;
  private boolean inputsSeen;
  private Deadline deadline;

  private InferReader(Body body, LoadedModel model, RequestInputs inputs, Deadline deadline) {
    this.body = body;
    this.model = model;
    this.inputs = inputs;
    this.deadline = deadline;
  }

  /**
   * A request and the id that its reply repeats.
   *
   * @param id the client's id for the request, if it gave one
   * @param classes how many best classes are wanted, by output, instead of its values
   */
  record InferRequest(
      Optional<String> id, Map<String, Integer> classes, InferenceRequest request) {}

  static InferRequest read(Body body, LoadedModel model, Deadline deadline) {
    try (RequestInputs inputs = new RequestInputs(model, body)) {
      InferReader reader = new InferReader(body, model, inputs, deadline);
      Json.<Boolean>read(body, reader::read);
      return reader.request();
    }
  }

  private boolean read(TensorParser json) throws IOException {
    expect(json, JsonToken.START_OBJECT, "an object");
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      json.nextToken();
      switch (key) {
        case "id" -> id = id(json);
        case "parameters" -> Parameters.read(json).request().ifPresent(this::shorten);
        case "inputs" -> {
          inputsSeen = true;
          expect(json, JsonToken.START_ARRAY, "an array for \"inputs\"");
          while (json.nextToken() != JsonToken.END_ARRAY) {
            input(json);
          }
        }
        case "outputs" -> {
          expect(json, JsonToken.START_ARRAY, "an array for \"outputs\"");
          while (json.nextToken() != JsonToken.END_ARRAY) {
            output(json);
          }
        }
        default -> json.skipChildren();
      }
    }
    return true;
  }

  private InferRequest request() {
    if (!inputsSeen) {
      throw InferenceException.invalid("\"inputs\" is missing");
    }
    List<String> wanted = outputs.isEmpty() ? RequestInputs.allOutputs(model) : outputs;
    return new InferRequest(Optional.ofNullable(id), classes, inputs.request(wanted, deadline));
  }

  private void shorten(Duration timeout) {
    Deadline asked = Deadline.after(timeout);
    if (asked.remainingNanos() < deadline.remainingNanos()) {
      deadline = asked;
    }
  }

  private static String id(JsonParser json) throws IOException {
    expect(json, JsonToken.VALUE_STRING, "a string for \"id\"");
    String id = Json.text(json);
    if (id.length() > LONGEST_ID || id.chars().anyMatch(Character::isISOControl)) {
      throw InferenceException.invalid(
          "\"id\" must be at most " + LONGEST_ID + " characters, none of them a control character");
    }
    return id;
  }

  private void input(TensorParser json) throws IOException {
    expect(json, JsonToken.START_OBJECT, "an object for each input");
    String name = null;
    Shape shape = null;
    Datatype datatype = null;
    TensorReader data = null;
    int early = -1;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      json.nextToken();
      switch (key) {
        case "name" -> name = text(json, "\"name\"");
        case "datatype" -> datatype = datatype(json);
        case "shape" -> shape = shape(json);
        case "parameters" -> Parameters.read(json).input();
        case "data" -> {
          expect(json, JsonToken.START_ARRAY, "an array for \"data\"");
          if (name == null) {
            early = Json.start(json);
            json.skipChildren();
          } else {
            data = data(json, inputs.spec(name), shape);
          }
        }
        default -> json.skipChildren();
      }
    }
    TensorSpec spec = inputs.spec(required(name, "an input", "name"));
    Datatype given = required(datatype, "input '" + spec.name() + "'", "datatype");
    Shape declared = required(shape, "input '" + spec.name() + "'", "shape");
    if (early >= 0) {
      data = Json.readAgain(body, early, again -> data(again, spec, declared));
    }
    spec.check(given, declared);
    TensorReader read = required(data, "input '" + spec.name() + "'", "data");
    inputs.add(spec.name(), read.tensor(agreed(spec, declared, read)));
  }

  /** The declared shape, if the data has as many elements, flat or nested in just that shape. */
  private static Shape agreed(TensorSpec spec, Shape declared, TensorReader data) {
    long elements;
    try {
      elements = declared.elements();
    } catch (ArithmeticException e) {
      throw InferenceException.invalid(
          "input '" + spec.name() + "': the shape " + declared + " is too large");
    }
    if (elements != data.elements()) {
      throw InferenceException.invalid(
          "input '%s': shape %s has %d elements, data has %d"
              .formatted(spec.name(), declared, elements, data.elements()));
    }
    if (data.shape().rank() > 1 && !data.shape().equals(declared)) {
      throw InferenceException.invalid(
          "input '%s': shape is %s, data is nested as %s"
              .formatted(spec.name(), declared, data.shape()));
    }
    return declared;
  }

  private TensorReader data(TensorParser json, TensorSpec spec, @Nullable Shape declared)
      throws IOException {
    TensorReader reader = inputs.open(spec, declared);
    reader.readAll(json);
    return reader;
  }

  private void output(JsonParser json) throws IOException {
    expect(json, JsonToken.START_OBJECT, "an object for each output");
    String name = null;
    OptionalInt best = OptionalInt.empty();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      json.nextToken();
      switch (key) {
        case "name" -> name = text(json, "\"name\"");
        case "parameters" -> best = Parameters.read(json).output();
        default -> json.skipChildren();
      }
    }
    String wanted = required(name, "an output", "name");
    List<String> known = RequestInputs.allOutputs(model);
    if (!known.contains(wanted)) {
      throw InferenceException.invalid(
          "the model has no output '%s', it has %s"
              .formatted(RequestInputs.shortened(wanted), known));
    }
    if (outputs.contains(wanted)) {
      throw InferenceException.invalid("output '" + wanted + "' is asked for twice");
    }
    outputs.add(wanted);
    best.ifPresent(count -> classes.put(wanted, count));
  }

  private static Datatype datatype(JsonParser json) throws IOException {
    String name = text(json, "\"datatype\"");
    return Datatype.named(name)
        .orElseThrow(
            () ->
                InferenceException.invalid(
                    "unknown datatype '%s'".formatted(RequestInputs.shortened(name))));
  }

  private static Shape shape(JsonParser json) throws IOException {
    expect(json, JsonToken.START_ARRAY, "an array for \"shape\"");
    List<Long> dimensions = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
          || json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
          || json.getLongValue() < 0) {
        throw Json.unexpected(json, "whole numbers of at least 0 in \"shape\"");
      }
      dimensions.add(json.getLongValue());
    }
    return Shape.of(dimensions.stream().mapToLong(Long::longValue).toArray());
  }

  private static String text(JsonParser json, String what) throws IOException {
    expect(json, JsonToken.VALUE_STRING, "a string for " + what);
    return Json.text(json);
  }

  private static void expect(JsonParser json, JsonToken token, String what) throws IOException {
    if (json.currentToken() != token) {
      throw Json.unexpected(json, what);
    }
  }

  private static <T> T required(@Nullable T value, String owner, String field) {
    if (value == null) {
      throw InferenceException.invalid(owner + " has no \"" + field + "\"");
    }
    return value;
  }
}
