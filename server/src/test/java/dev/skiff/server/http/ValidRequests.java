package dev.skiff.server.http;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Makes up requests that are valid for a model, each with the freedom that JSON leaves. */
final class ValidRequests {
  private static final List<String> REALS =
      List.of(
          "0",
          "-0",
          "-0.0",
          "7",
          "1.5",
          "-2.25e-3",
          "0.1",
          "1E+2",
          "16777217",
          "1e-40",
          "3.4028234e38",
          "0.30000000000000000000001");
  private static final List<String> TEXTS =
      List.of("", "a", "\u00e9", "\\u00e9", "\\n", "\\\"", "\ud83d\udea3", "\\ud83d\\udea3", "\\/");
  private static final List<String> SPACES = List.of("", "", " ", "\n", "\t", "\r\n  ");

  private final Random random;
  private final LoadedModel model;

  ValidRequests(Random random, LoadedModel model) {
    this.random = random;
    this.model = model;
  }

  /** A body of the simple dialect. */
  String predict() {
    TensorSpec first = model.inputs().getFirst();
    boolean isOnly = model.inputs().size() == 1;
    int form = random.nextInt(first.batched() ? 3 : 2);
    if (form == 0 && isOnly && first.shape().rank() > 0) {
      long[] row = dimensions(first, 1);
      boolean isScalar = row.length == 1 || !first.batched();
      return nested(first, isScalar ? row : Arrays.copyOfRange(row, 1, row.length));
    }
    if (form < 2) {
      return object("inputs", isOnly && random.nextBoolean() ? whole(first) : named(this::whole));
    }
    boolean isNamed = !isOnly || random.nextBoolean();
    long[] sizes = dimensions(first, 1);
    String rows =
        IntStream.rangeClosed(0, random.nextInt(3))
            .mapToObj(i -> isNamed ? named(it -> row(it, sizes)) : row(first, sizes))
            .collect(Collectors.joining(space() + "," + space()));
    return object("instances", "[" + rows + "]");
  }

  /** A body of V2. */
  String infer() {
    List<String> inputs = new ArrayList<>();
    for (TensorSpec spec : model.inputs()) {
      long[] shape = dimensions(spec, 1 + random.nextInt(3));
      inputs.add(
          fields(
              quoted("name") + ":" + space() + quoted(spec.name()),
              quoted("datatype") + ":" + quoted(spec.datatype().name()),
              quoted("shape") + ":" + Arrays.toString(shape),
              quoted("data") + ":" + data(spec, shape),
              "\"parameters\":{\"anything\":" + one("1", "true", "\"a\"") + "}",
              "\"unknown\":{\"a\":[1,{\"b\":null}],\"c\":\"\\ud800\"}"));
    }
    Collections.shuffle(inputs, random);
    String name = quoted("name") + ":" + quoted(FuzzedModels.OUTPUT);
    String wishes =
        one("\"binary_data\":true", "\"binary_data\":false", "\"classification\":2", "");
    String output = fields(name, "\"parameters\":{" + wishes + "}");
    return fields(
        "\"inputs\":[" + String.join(space() + ",", inputs) + "]",
        "\"outputs\":[" + one("", output) + "]",
        "\"id\":" + quoted("a\u00e9" + random.nextInt()),
        "\"parameters\":{" + one("\"timeout\":1000000", "\"binary_data_output\":true", "") + "}",
        "\"unknown\":[{},[],1e5]");
  }

  /** These fields in any order; the last ones may be left out. */
  private String fields(String... fields) {
    int needed = Math.min(fields.length, 4);
    List<String> some = new ArrayList<>(List.of(fields));
    some.subList(needed, fields.length).removeIf(field -> random.nextBoolean());
    Collections.shuffle(some, random);
    return "{" + space() + String.join(space() + "," + space(), some) + space() + "}" + space();
  }

  private String object(String key, String value) {
    String wanted = quoted(key) + space() + ":" + space() + value;
    return random.nextBoolean()
        ? "{" + wanted + "}"
        : "{\"signature_name\":\"serving_default\"," + space() + wanted + "}";
  }

  private String named(Function<TensorSpec, String> value) {
    List<String> all = new ArrayList<>();
    model.inputs().forEach(it -> all.add(quoted(it.name()) + ":" + space() + value.apply(it)));
    Collections.shuffle(all, random);
    return "{" + String.join(space() + ",", all) + "}";
  }

  private String whole(TensorSpec spec) {
    return nested(spec, dimensions(spec, 1 + random.nextInt(3)));
  }

  /** One row; those of a request have one size. */
  private String row(TensorSpec spec, long[] sizes) {
    long[] all = spec.equals(model.inputs().getFirst()) ? sizes : dimensions(spec, 1);
    return nested(spec, Arrays.copyOfRange(all, 1, all.length));
  }

  private long[] dimensions(TensorSpec spec, int rows) {
    long[] shape = spec.shape().toArray();
    for (int axis = 0; axis < shape.length; axis++) {
      if (shape[axis] < 0) {
        shape[axis] = axis == 0 ? rows : 1 + random.nextInt(3);
      }
    }
    return shape;
  }

  private String nested(TensorSpec spec, long[] shape) {
    if (shape.length == 0) {
      return element(spec.datatype());
    }
    long[] inner = Arrays.copyOfRange(shape, 1, shape.length);
    return array(shape[0], () -> nested(spec, inner));
  }

  /** An array in any case, nested as the shape is or flat. */
  private String data(TensorSpec spec, long[] shape) {
    if (shape.length > 0 && random.nextBoolean()) {
      return nested(spec, shape);
    }
    return array(Arrays.stream(shape).reduce(1, (a, b) -> a * b), () -> element(spec.datatype()));
  }

  private String array(long length, Supplier<String> element) {
    List<String> elements = new ArrayList<>();
    for (long i = 0; i < length; i++) {
      elements.add(space() + element.get() + space());
    }
    return "[" + String.join(",", elements) + "]";
  }

  private String element(Datatype datatype) {
    return switch (datatype) {
      case FP32, FP64 -> one(REALS.toArray(String[]::new));
      case BOOL -> one("true", "false");
      case BYTES ->
          "\"" + one(TEXTS.toArray(String[]::new)) + one(TEXTS.toArray(String[]::new)) + "\"";
      case UINT8, UINT16, UINT32 -> one("0", "255", "9");
      case UINT64 -> one("0", "18446744073709551615");
      case INT8, INT16, INT32 -> one("-128", "127", "0", "-0");
      case INT64 -> one("-9223372036854775808", "9223372036854775807", "9007199254740993", "1");
      case FP16, BF16 -> throw new AssertionError("no JSON form");
    };
  }

  /** A key or a name, its first letter sometimes as an escape. */
  private String quoted(String name) {
    return random.nextInt(4) == 0
        ? "\"\\u%04x%s\"".formatted((int) name.charAt(0), name.substring(1))
        : "\"" + name + "\"";
  }

  private String space() {
    return SPACES.get(random.nextInt(SPACES.size()));
  }

  private String one(String... choices) {
    return choices[random.nextInt(choices.length)];
  }
}
