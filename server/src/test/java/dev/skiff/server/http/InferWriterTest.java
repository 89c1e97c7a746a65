package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.ROWS;
import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.floats;
import static dev.skiff.server.http.Fixtures.longs;
import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.http.Predictions.Written;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import dev.skiff.server.model.Leases;
import dev.skiff.server.model.ModelVersion.Lease;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.junit.jupiter.api.Test;

class InferWriterTest {
  private static final String HEAD = "{\"model_name\":\"m\",\"model_version\":\"3\",";

  @Test
  void writesTensorsFlatWithTheirShape() {
    SequencedMap<String, Value> outputs = new LinkedHashMap<>();
    outputs.put("y", floats(Shape.of(2, 1), 1, 2.5f));
    outputs.put("n", longs(Shape.of(0, 3)));
    outputs.put("s", Tensor.ofStrings(Shape.of(), List.of("\u00e9")));
    assertThat(write(Optional.empty(), outputs))
        .isEqualTo(
            HEAD
                + "\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[2,1],\"data\":[1.0,2.5]},"
                + "{\"name\":\"n\",\"datatype\":\"INT64\",\"shape\":[0,3],\"data\":[]},"
                + "{\"name\":\"s\",\"datatype\":\"BYTES\",\"shape\":[],\"data\":[\"\u00e9\"]}]}");
  }

  @Test
  void repeatsTheId() {
    assertThat(write(Optional.of("a \"b\""), new LinkedHashMap<>()))
        .isEqualTo(HEAD + "\"id\":\"a \\\"b\\\"\",\"outputs\":[]}");
  }

  @Test
  void writesOtherValuesAsTexts() {
    Value map = new Value.Dictionary(Map.of("\u00e9", 0.5f));
    SequencedMap<String, Value> outputs = new LinkedHashMap<>();
    outputs.put("sequence", new Value.Sequence(List.of(map, longs(Shape.of(2), 1, 2))));
    outputs.put("map", map);
    assertThat(write(Optional.empty(), outputs))
        .isEqualTo(
            HEAD
                + "\"outputs\":[{\"name\":\"sequence\",\"datatype\":\"BYTES\",\"shape\":[2],"
                + "\"data\":[\"{\\\"\u00e9\\\":0.5}\",\"[1,2]\"]},"
                + "{\"name\":\"map\",\"datatype\":\"BYTES\",\"shape\":[1],"
                + "\"data\":[\"{\\\"\u00e9\\\":0.5}\"]}]}");
  }

  @Test
  void refusesTypesWithoutJsonForm() {
    SequencedMap<String, Value> outputs = new LinkedHashMap<>();
    outputs.put("y", Tensor.allocate(Datatype.FP16, Shape.of(1)));
    assertInvalid(() -> write(Optional.empty(), outputs)).contains("FP16").contains("binary");
  }

  @Test
  void putsBinaryOutputsBehindTheJson() {
    SequencedMap<String, Value> outputs = new LinkedHashMap<>();
    outputs.put("y", floats(Shape.of(2, 1), 1, Float.NaN));
    outputs.put("n", longs(Shape.of(1), 7));
    outputs.put("s", Tensor.ofStrings(Shape.of(2), List.of("\u00e9", "")));
    outputs.put("m", new Value.Dictionary(Map.of("a", 1L)));
    outputs.put("h", Tensor.allocate(Datatype.FP16, Shape.of(1)));
    outputs.put("e", longs(Shape.of(0)));
    Written written =
        write(Optional.empty(), Set.of("y", "s", "m", "h", "e"), new LinkedHashMap<>(outputs));
    int length = written.jsonLength().orElseThrow();
    String binary = ",\"parameters\":{\"binary_data_size\":";
    assertThat(text(written.body()).substring(0, length))
        .isEqualTo(
            HEAD
                + "\"outputs\":[{\"name\":\"y\",\"datatype\":\"FP32\",\"shape\":[2,1]"
                + (binary + "8}},")
                + "{\"name\":\"n\",\"datatype\":\"INT64\",\"shape\":[1],\"data\":[7]},"
                + "{\"name\":\"s\",\"datatype\":\"BYTES\",\"shape\":[2]"
                + (binary + "10}},")
                + "{\"name\":\"m\",\"datatype\":\"BYTES\",\"shape\":[1]"
                + (binary + "11}},")
                + "{\"name\":\"h\",\"datatype\":\"FP16\",\"shape\":[1]"
                + (binary + "2}},")
                + "{\"name\":\"e\",\"datatype\":\"INT64\",\"shape\":[0]"
                + (binary + "0}}]}"));
    assertThat(written.body().length()).isEqualTo(length + 8 + 10 + 11 + 2);
    Exchange.Body body = written.body();
    assertThat(HexFormat.of().formatHex(body.bytes(), body.offset() + length, body.length()))
        .isEqualTo("0000803f0000c07f" + "02000000c3a900000000" + "070000007b2261223a317d" + "0000");
  }

  @Test
  void leavesLargeTensorsWhereTheyAreUntilTheReplyIsOut() {
    TensorPool pool = new TensorPool(1 << 20);
    Tensor large = pool.acquire(Datatype.INT64, Shape.of(10_000));
    large.data().putLong(0, 5);
    InferenceResponse response =
        new InferenceResponse(new LinkedHashMap<>(Map.of("y", large)), 0, 0);
    Written written = write(Optional.empty(), Set.of("y"), response);
    response.close();
    assertThat(pool.idleBytes()).isZero();
    Exchange.Body body = written.body();
    assertThat(body.length()).isEqualTo(written.jsonLength().orElseThrow());
    assertThat(body.size()).isEqualTo(body.length() + 80_000);
    assertThat(body.pieces()[1].order(ByteOrder.nativeOrder()).getLong()).isEqualTo(5);
    body.release();
    assertThat(pool.idleBytes()).isEqualTo(80_000);
  }

  private static String write(Optional<String> id, SequencedMap<String, Value> outputs) {
    return text(write(id, Set.of(), outputs).body());
  }

  private static Written write(
      Optional<String> id, Set<String> binary, SequencedMap<String, Value> outputs) {
    return write(id, binary, new InferenceResponse(outputs, 0, 0));
  }

  private static Written write(
      Optional<String> id, Set<String> binary, InferenceResponse response) {
    try (Lease lease = Leases.on(model(ROWS), "m", 3)) {
      InferenceRequest inference =
          new InferenceRequest(Map.of(), List.copyOf(response.outputs().keySet()), new Deadline(0));
      InferRequest request = new InferRequest(id, Map.of(), binary, inference);
      return InferWriter.write(lease, request, response);
    }
  }
}
