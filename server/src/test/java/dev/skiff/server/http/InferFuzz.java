package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Fuzzes V2 bodies, of JSON alone and with tensors behind it; what is read is what the reference
 * reader reads, or the very bytes.
 */
public final class InferFuzz {
  /** In place of a length, for a body that is JSON to its end. */
  private static final char NO_LENGTH = '-';

  private InferFuzz() {}

  /** A digit for the model, a byte for the length of the JSON, then the body. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length > 1) {
      takes(input);
    }
  }

  /** Whether the reader takes such an input. */
  static boolean takes(byte[] input) {
    LoadedModel model = FuzzedModels.of(input);
    Body body = FuzzedModels.body(input, 2);
    boolean isText = input[1] == NO_LENGTH;
    // Three times, so that the byte reaches through most requests.
    int length = isText ? body.length() : 3 * Byte.toUnsignedInt(input[1]);
    Optional<InferRequest> taken =
        Attempt.within(
            FuzzedModels.worth(body, model),
            () ->
                isText
                    ? InferReader.read(body, model, SOON)
                    : InferReader.read(body, length, model, SOON));
    taken.ifPresent(read -> check(read, body, length, model));
    return taken.isPresent();
  }

  private static void check(InferRequest read, Body body, int jsonLength, LoadedModel model) {
    if (jsonLength == 0) {
      checkRaw(read, body, model.inputs().getFirst());
    } else {
      Object root = ReferenceReader.tree(body.bytes(), body.offset(), jsonLength);
      checkWishes(read, root);
      List<?> inputs = (List<?>) ReferenceReader.at(root, "inputs");
      assertThat(inputs).hasSameSizeAs(model.inputs());
      int at = body.offset() + jsonLength;
      for (Object input : inputs) {
        String name = text(ReferenceReader.at(input, "name"));
        TensorSpec spec =
            model.inputs().stream().filter(it -> it.name().equals(name)).findAny().orElseThrow();
        assertThat(text(ReferenceReader.at(input, "datatype"))).isEqualTo(spec.datatype().name());
        byte[] expected;
        if (((Map<?, ?>) input).containsKey("data")) {
          expected = ReferenceReader.bytes(ReferenceReader.at(input, "data"), spec.datatype());
        } else {
          Object parameters = ReferenceReader.at(input, "parameters");
          int size = Integer.parseInt(text(ReferenceReader.at(parameters, "binary_data_size")));
          expected = Arrays.copyOfRange(body.bytes(), at, at + size);
          at += size;
        }
        FuzzedModels.check(read.request(), name, expected, body.length());
        List<Long> shape =
            ((List<?>) ReferenceReader.at(input, "shape"))
                .stream().map(dimension -> Long.parseLong(text(dimension))).toList();
        assertThat(Fixtures.input(read.request(), name).shape().toArray())
            .containsExactly(shape.toArray(Long[]::new));
      }
      assertThat(at).as("all is read").isEqualTo(body.offset() + body.length());
    }
    read.request().close();
  }

  /** The id, the outputs and the parameters are those that the text has. */
  private static void checkWishes(InferRequest read, Object root) {
    assertThat(read.id()).isEqualTo(field(root, "id").map(InferFuzz::text));
    List<String> wanted = new ArrayList<>();
    Map<String, Integer> classes = new HashMap<>();
    Set<String> binary = new HashSet<>();
    boolean all = parameter(root, "binary_data_output").map(Boolean::parseBoolean).orElse(false);
    for (Object output : (List<?>) field(root, "outputs").orElse(List.of())) {
      String name = text(ReferenceReader.at(output, "name"));
      wanted.add(name);
      parameter(output, "classification")
          .map(Integer::parseInt)
          .filter(count -> count > 0)
          .ifPresent(count -> classes.put(name, count));
      if (parameter(output, "binary_data").map(Boolean::parseBoolean).orElse(all)) {
        binary.add(name);
      }
    }
    if (wanted.isEmpty()) {
      wanted.add(FuzzedModels.OUTPUT);
      if (all) {
        binary.add(FuzzedModels.OUTPUT);
      }
    }
    assertThat(read.request().outputs()).isEqualTo(wanted);
    assertThat(read.classes()).isEqualTo(classes);
    assertThat(read.binary()).isEqualTo(binary);
    long micros = parameter(root, "timeout").map(Long::parseLong).orElse(Long.MAX_VALUE);
    if (micros < SOON.remainingNanos() / 1_000) {
      assertThat(read.request().deadline().remainingNanos()).isLessThanOrEqualTo(micros * 1_000);
    } else {
      assertThat(read.request().deadline()).isEqualTo(SOON);
    }
  }

  private static Optional<Object> field(Object object, String key) {
    return Optional.ofNullable(((Map<?, ?>) object).get(key));
  }

  private static Optional<String> parameter(Object object, String key) {
    return field(object, "parameters").flatMap(it -> field(it, key)).map(InferFuzz::text);
  }

  private static void checkRaw(InferRequest read, Body body, TensorSpec spec) {
    byte[] data = Arrays.copyOfRange(body.bytes(), body.offset(), body.offset() + body.length());
    byte[] expected =
        switch (spec.datatype()) {
          case BYTES -> BinaryBody.texts(new String(data, StandardCharsets.UTF_8));
          default -> data;
        };
    FuzzedModels.check(read.request(), spec.name(), expected, body.length());
  }

  private static String text(Object leaf) {
    return ((ReferenceReader.Leaf) leaf).text();
  }
}
