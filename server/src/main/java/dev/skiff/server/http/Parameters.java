package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

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
        case VALUE_STRING -> values.put(name, json.getText());
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> values.put(name, json.getNumberValue());
        case VALUE_TRUE, VALUE_FALSE -> values.put(name, json.getBooleanValue());
        default -> throw Json.unexpected(json, "a string, a number, true or false for a parameter");
      }
    }
    return new Parameters(values);
  }

  /**
   * What a request's parameters ask for: a timeout, in microseconds on the wire. {@code
   * binary_data_output} is only a wish, so a reply in JSON answers it; {@code priority} has nothing
   * to overtake yet.
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

  /** What an input's parameters ask for: nothing that could be done. */
  void input() {
    refuse("binary_data_size");
    refuseSharedMemory();
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
        throw new InferenceException(
            ErrorCode.UNSUPPORTED, "parameter '" + name + "' is not supported");
      }
    }
  }
}
