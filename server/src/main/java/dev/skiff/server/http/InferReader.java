package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads an inference request of the Open Inference Protocol V2: JSON ("Inference Request JSON
 * Object"), whose keys may come in any order, and the binary tensors that may follow it.
 */
final class InferReader {
  private static final int LONGEST_ID = 1024;

  private final LoadedModel model;
  private final RequestInputs inputs;
  private final InferInputReader input;
  private final List<String> outputs = new ArrayList<>();
  private final Map<String, Integer> classes = new HashMap<>();
  private final Map<String, Boolean> binary = new HashMap<>();
  private boolean binaryUnlessSaid;
  private @Nullable String id;
  private boolean inputsSeen;
  private Deadline deadline;

  private InferReader(
      LoadedModel model, RequestInputs inputs, InferInputReader input, Deadline deadline) {
    this.model = model;
    this.inputs = inputs;
    this.input = input;
    this.deadline = deadline;
  }

  /**
   * A request and how it wants its reply.
   *
   * @param id the client's id for the request, if it gave one
   * @param classes how many best classes are wanted, by output, instead of its values
   * @param binary the outputs that are wanted in binary form
   */
  record InferRequest(
      Optional<String> id,
      Map<String, Integer> classes,
      Set<String> binary,
      InferenceRequest request) {}

  /** Reads a request that is JSON to its end. */
  static InferRequest read(Body body, LoadedModel model, Deadline deadline) {
    return read(body, null, model, deadline);
  }

  /**
   * Reads a request that is JSON first and then tensors in binary form; it lasts as long as the
   * body.
   *
   * @param jsonLength where the JSON ends; 0 for a body that is nothing but one tensor
   */
  static InferRequest read(Body body, long jsonLength, LoadedModel model, Deadline deadline) {
    if (jsonLength > body.length()) {
      throw InferenceException.invalid(
          "%s is %d, but the body has %d bytes"
              .formatted(RequestHeaders.JSON_LENGTH, jsonLength, body.length()));
    }
    BinaryReader binary = new BinaryReader(body, (int) jsonLength, model.pool());
    if (jsonLength == 0) {
      return raw(body, binary, model, deadline);
    }
    Body json = new Body(body.bytes(), body.offset(), (int) jsonLength);
    return read(json, binary, model, deadline);
  }

  private static InferRequest read(
      Body json, @Nullable BinaryReader binary, LoadedModel model, Deadline deadline) {
    try (RequestInputs inputs = new RequestInputs(model, json)) {
      InferInputReader input = new InferInputReader(json, binary, inputs);
      InferReader reader = new InferReader(model, inputs, input, deadline);
      Json.<Boolean>read(json, reader::read);
      if (binary != null) {
        binary.end();
      }
      return reader.request();
    }
  }

  /** As Triton does, answers a raw request with all outputs in binary form. */
  private static InferRequest raw(
      Body body, BinaryReader binary, LoadedModel model, Deadline deadline) {
    try (RequestInputs inputs = new RequestInputs(model, body)) {
      TensorSpec spec = inputs.only();
      inputs.add(spec.name(), RawReader.read(spec, body, binary));
      List<String> all = RequestInputs.allOutputs(model);
      return new InferRequest(
          Optional.empty(), Map.of(), Set.copyOf(all), inputs.request(all, deadline));
    }
  }

  private boolean read(TensorParser json) throws IOException {
    Json.expect(json, JsonToken.START_OBJECT, "an object");
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      json.nextToken();
      switch (key) {
        case "id" -> id = id(json);
        case "parameters" -> {
          Parameters parameters = Parameters.read(json);
          parameters.request().ifPresent(this::shorten);
          binaryUnlessSaid = parameters.binaryOutputs();
        }
        case "inputs" -> {
          inputsSeen = true;
          Json.expect(json, JsonToken.START_ARRAY, "an array for \"inputs\"");
          while (json.nextToken() != JsonToken.END_ARRAY) {
            input.read(json);
          }
        }
        case "outputs" -> {
          Json.expect(json, JsonToken.START_ARRAY, "an array for \"outputs\"");
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
    Set<String> inBinary = new HashSet<>();
    for (String output : wanted) {
      if (binary.getOrDefault(output, binaryUnlessSaid)) {
        inBinary.add(output);
      }
    }
    return new InferRequest(
        Optional.ofNullable(id), classes, inBinary, inputs.request(wanted, deadline));
  }

  private void shorten(Duration timeout) {
    Deadline asked = Deadline.after(timeout);
    if (asked.remainingNanos() < deadline.remainingNanos()) {
      deadline = asked;
    }
  }

  private static String id(JsonParser json) throws IOException {
    String id = Json.string(json, "\"id\"");
    if (id.length() > LONGEST_ID || id.chars().anyMatch(Character::isISOControl)) {
      throw InferenceException.invalid(
          "\"id\" must be at most " + LONGEST_ID + " characters, none of them a control character");
    }
    return id;
  }

  private void output(JsonParser json) throws IOException {
    Json.expect(json, JsonToken.START_OBJECT, "an object for each output");
    String name = null;
    OptionalInt best = OptionalInt.empty();
    Optional<Boolean> inBinary = Optional.empty();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      json.nextToken();
      switch (key) {
        case "name" -> name = Json.string(json, "\"name\"");
        case "parameters" -> {
          Parameters parameters = Parameters.read(json);
          best = parameters.output();
          inBinary = parameters.binaryOutput();
        }
        default -> json.skipChildren();
      }
    }
    String wanted = Json.required(name, "an output", "name");
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
    inBinary.ifPresent(said -> binary.put(wanted, said));
  }
}
