package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

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
      LoadedModel model = FuzzedModels.of(input);
      Body body = FuzzedModels.body(input, 2);
      boolean isText = input[1] == NO_LENGTH;
      // Three times, so that the byte reaches through most requests.
      int length = isText ? body.length() : 3 * Byte.toUnsignedInt(input[1]);
      Attempt.at(
              body.length(),
              () ->
                  isText
                      ? InferReader.read(body, model, SOON)
                      : InferReader.read(body, length, model, SOON))
          .ifPresent(read -> check(read, body, length, model));
    }
  }

  private static void check(InferRequest read, Body body, int jsonLength, LoadedModel model) {
    if (jsonLength == 0) {
      checkRaw(read, body, model.inputs().getFirst());
    } else {
      Object root = ReferenceReader.tree(body.bytes(), body.offset(), jsonLength);
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
