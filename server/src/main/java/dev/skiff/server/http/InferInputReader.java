package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorSpec;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads the inputs of a V2 request one by one: the fields of each in any order, its data in the
 * JSON or, in binary form, behind it.
 */
final class InferInputReader {
  private final Body json;
  private final @Nullable BinaryReader binary;
  private final RequestInputs inputs;

  private @Nullable String name;
  private @Nullable Shape shape;
  private @Nullable Datatype datatype;
  private OptionalLong binarySize = OptionalLong.empty();
  private @Nullable TensorReader data;

  /** Where the data begins, if it came before the name; else negative. */
  private int early;

  /**
   * A reader of inputs.
   *
   * @param json the JSON that they are described in
   * @param binary what follows the JSON, if the client said where that is
   * @param inputs takes what was read
   */
  InferInputReader(Body json, @Nullable BinaryReader binary, RequestInputs inputs) {
    this.json = json;
    this.binary = binary;
    this.inputs = inputs;
  }

  /** Reads the next input, whose object the parser stands on. */
  void read(TensorParser parser) throws IOException {
    Json.expect(parser, JsonToken.START_OBJECT, "an object for each input");
    name = null;
    shape = null;
    datatype = null;
    binarySize = OptionalLong.empty();
    data = null;
    early = -1;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      field(key, parser);
    }
    TensorSpec spec = inputs.spec(Json.required(name, "an input", "name"));
    String owner = "input '" + spec.name() + "'";
    Datatype given = Json.required(datatype, owner, "datatype");
    Shape declared = Json.required(shape, owner, "shape");
    if (binarySize.isPresent()) {
      inputs.add(spec.name(), binary(spec, given, declared, binarySize.getAsLong()));
      return;
    }
    if (early >= 0) {
      data = Json.readAgain(json, early, again -> data(again, spec, declared));
    }
    spec.check(given, declared);
    TensorReader read = Json.required(data, owner, "data");
    inputs.add(spec.name(), read.tensor(agreed(spec, declared, read)));
  }

  private void field(String key, TensorParser parser) throws IOException {
    switch (key) {
      case "name" -> name = Json.string(parser, "\"name\"");
      case "datatype" -> datatype = datatype(parser);
      case "shape" -> shape = shape(parser);
      case "parameters" -> binarySize = Parameters.read(parser).input();
      case "data" -> {
        Json.expect(parser, JsonToken.START_ARRAY, "an array for \"data\"");
        if (name == null) {
          early = Json.start(parser);
          parser.skipChildren();
        } else {
          data = data(parser, inputs.spec(name), shape);
        }
      }
      default -> parser.skipChildren();
    }
  }

  private TensorReader data(TensorParser parser, TensorSpec spec, @Nullable Shape declared)
      throws IOException {
    TensorReader reader = inputs.open(spec, declared);
    reader.readAll(parser);
    return reader;
  }

  private Tensor binary(TensorSpec spec, Datatype given, Shape declared, long size) {
    if (data != null || early >= 0) {
      throw InferenceException.invalid(
          "input '%s' has both \"data\" and binary data, expected one of them"
              .formatted(spec.name()));
    }
    if (binary == null) {
      throw InferenceException.invalid(
          "input '%s' has binary data, but there is no header %s, which says where that begins"
              .formatted(spec.name(), RequestHeaders.JSON_LENGTH));
    }
    spec.check(given, declared);
    return binary.next(spec, declared, size);
  }

  /** The declared shape, if the data has as many elements, flat or nested in just that shape. */
  private static Shape agreed(TensorSpec spec, Shape declared, TensorReader data) {
    long elements = BinaryReader.elements(spec, declared);
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

  private static Datatype datatype(JsonParser parser) throws IOException {
    String name = Json.string(parser, "\"datatype\"");
    return Datatype.named(name)
        .orElseThrow(
            () ->
                InferenceException.invalid(
                    "unknown datatype '%s', expected one of %s"
                        .formatted(RequestInputs.shortened(name), List.of(Datatype.values()))));
  }

  private static Shape shape(JsonParser parser) throws IOException {
    Json.expect(parser, JsonToken.START_ARRAY, "an array for \"shape\"");
    long[] dimensions = new long[Json.DEEPEST];
    int rank = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
          || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
          || parser.getLongValue() < 0) {
        throw Json.unexpected(parser, "whole numbers of at least 0 in \"shape\"");
      }
      if (rank == dimensions.length) {
        throw InferenceException.invalid(
            "\"shape\" has more than %d dimensions, at byte %d"
                .formatted(rank, Json.start(parser)));
      }
      dimensions[rank++] = parser.getLongValue();
    }
    return Shape.of(Arrays.copyOf(dimensions, rank));
  }
}
