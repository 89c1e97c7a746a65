package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.SOON;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.http.PredictReader.PredictRequest;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Fuzzes bodies of the simple dialect; what is read is what the reference reader reads. */
public final class PredictFuzz {
  private PredictFuzz() {}

  /** A digit for the model, then the body. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length > 0) {
      takes(input);
    }
  }

  /** Whether the reader takes such an input. */
  static boolean takes(byte[] input) {
    LoadedModel model = FuzzedModels.of(input);
    Body body = FuzzedModels.body(input, 1);
    Optional<PredictRequest> taken =
        Attempt.within(
            FuzzedModels.worth(body, model), () -> PredictReader.read(body, model, SOON));
    taken.ifPresent(read -> check(read, body, model));
    return taken.isPresent();
  }

  private static void check(PredictRequest read, Body body, LoadedModel model) {
    Object root = ReferenceReader.tree(body.bytes(), body.offset(), body.length());
    for (TensorSpec spec : model.inputs()) {
      Object value =
          switch (read.form()) {
            case ROW -> root;
            case INSTANCES -> {
              List<?> rows = (List<?>) ReferenceReader.at(root, "instances");
              yield rows.getFirst() instanceof Map
                  ? ReferenceReader.values(rows, spec.name())
                  : rows;
            }
            case INPUTS -> {
              Object inputs = ReferenceReader.at(root, "inputs");
              yield inputs instanceof Map ? ReferenceReader.at(inputs, spec.name()) : inputs;
            }
          };
      byte[] expected = ReferenceReader.bytes(value, spec.datatype());
      FuzzedModels.check(read.request(), spec.name(), expected, body.length());
      Shape found = Fixtures.input(read.request(), spec.name()).shape();
      assertThat(spec.shape().accepts(found)).isTrue();
      // A bare row has its batch added, a plain list may be a column: neither has other elements.
      assertThat(withoutOnes(found)).isEqualTo(withoutOnes(ReferenceReader.shape(value)));
    }
    read.request().close();
  }

  private static List<Long> withoutOnes(Shape shape) {
    return Arrays.stream(shape.toArray()).filter(it -> it != 1).boxed().toList();
  }
}
