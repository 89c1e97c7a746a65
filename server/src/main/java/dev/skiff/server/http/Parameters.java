package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * The {@code parameters} of a V2 request, input or output: texts, numbers and truth values by name.
 * Names that this server does not know are let be, as the protocol wants it; those that would
 * change the meaning of a request and cannot be followed are refused.
 */
record Parameters(Map<String, Object> values) {

  static Parameters read(JsonParser json) throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw Json.unexpected(json, "an object for \"parameters\"");
    }
    Map<String, Object> values = new HashMap<>();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String name = json.currentName();
      switch (json.nextToken()) {
        // No parameter that is known is a text: what it was is only told in an error.
        case VALUE_STRING ->
            values.put(name, RequestInputs.shortened(Json.string(json, "a parameter")));
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> values.put(name, json.getNumberValue());
        case VALUE_TRUE, VALUE_FALSE -> values.put(name, json.getBooleanValue());
        default -> throw Json.unexpected(json, "a string, a number, true or false for a parameter");
      }
    }
    return new Parameters(values);
  }

  /**
   * What a request's parameters ask for: a timeout, in microseconds on the wire. {@code priority}
   * is let be: requests run in the order in which they came.
   */
  Optional<Duration> request() {
    refuse("sequence_id", "sequence_start", "sequence_end");
    Object timeout = values.get("timeout");
    if (timeout == null) {
      return Optional.empty();
    }
    if (timeout instanceof Integer || timeout instanceof Long) {
      long micros = ((Number) timeout).longValue();
      if (micros > 0 && micros <= Duration.ofDays(1).toNanos() / 1000) {
        return Optional.of(Duration.of(micros, ChronoUnit.MICROS));
      }
    }
    throw InferenceException.invalid(
        "parameter 'timeout' must be a whole number of microseconds, from 1 to a day, got "
            + RequestInputs.shortened(timeout.toString()));
  }

  /** Checks what the loading of a model asks for: its files and their meaning stay as they are. */
  void load() {
    for (String name : values.keySet()) {
      if (name.equals("config") || name.startsWith("file:")) {
        throw InferenceException.invalid(
            "parameter '%s' is not supported: a model is loaded as it lies in the model repository"
                .formatted(RequestInputs.shortened(name)));
      }
    }
  }

  /** The bytes of an input's data, if it comes in binary form. */
  OptionalLong input() {
    refuseSharedMemory();
    Object size = values.get("binary_data_size");
    if (size == null) {
      return OptionalLong.empty();
    }
    if (size instanceof Integer || size instanceof Long) {
      long bytes = ((Number) size).longValue();
      if (bytes >= 0) {
        return OptionalLong.of(bytes);
      }
    }
    throw InferenceException.invalid(
        "parameter 'binary_data_size' must be a whole number of bytes of at least 0, got "
            + RequestInputs.shortened(size.toString()));
  }

  /** Whether a request's outputs are wanted in binary form where they don't say it themselves. */
  boolean binaryOutputs() {
    return truth("binary_data_output").orElse(false);
  }

  /** Whether an output is wanted in binary form, if it says so. */
  Optional<Boolean> binaryOutput() {
    return truth("binary_data");
  }

  /** What an output's parameters ask for: its best classes, and how many. */
  OptionalInt output() {
    refuseSharedMemory();
    Object classes = values.get("classification");
    if (classes == null || Integer.valueOf(0).equals(classes)) {
      return OptionalInt.empty();
    }
    if (classes instanceof Integer count && count > 0) {
      return OptionalInt.of(count);
    }
    throw InferenceException.invalid(
        "parameter 'classification' must be a whole number of at least 0, got "
            + RequestInputs.shortened(classes.toString()));
  }

  private Optional<Boolean> truth(String name) {
    Object value = values.get(name);
    if (value == null || value instanceof Boolean) {
      return Optional.ofNullable((Boolean) value);
    }
    throw InferenceException.invalid(
        "parameter '%s' must be true or false, got %s"
            .formatted(name, RequestInputs.shortened(value.toString())));
  }

  private void refuseSharedMemory() {
    for (String name : values.keySet()) {
      if (name.startsWith("shared_memory_")) {
        throw InferenceException.invalid("shared memory is not supported; send the data itself");
      }
    }
  }

  private void refuse(String... names) {
    for (String name : names) {
      if (values.containsKey(name)) {
        throw InferenceException.invalid("parameter '" + name + "' is not supported");
      }
    }
  }
}
