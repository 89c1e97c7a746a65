package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.model;
import static dev.skiff.server.http.Fixtures.spec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.model.LoadedModel;
import java.util.Arrays;
import java.util.List;

/** The models that fuzzed requests are for: the first byte of an input, a digit, chooses one. */
final class FuzzedModels {
  private static final List<LoadedModel> MODELS =
      List.of(
          model(spec("x", Datatype.FP32, Shape.DYNAMIC, 3)),
          model(
              spec("a", Datatype.FP64, Shape.DYNAMIC, 2), spec("b", Datatype.BYTES, Shape.DYNAMIC)),
          model(spec("x", Datatype.INT64, Shape.DYNAMIC)),
          model(spec("x", Datatype.BYTES, Shape.DYNAMIC, 2)),
          model(spec("x", Datatype.UINT8, Shape.DYNAMIC, Shape.DYNAMIC, Shape.DYNAMIC)),
          model(spec("x", Datatype.BOOL, 2)),
          model(spec("x", Datatype.INT32)),
          model(spec("x", Datatype.FP64, Shape.DYNAMIC, 1)),
          model(spec("x", Datatype.FP16, Shape.DYNAMIC)),
          model(spec("x", Datatype.UINT64, Shape.DYNAMIC, 0)));

  /** The only output of each. */
  static final String OUTPUT = "y";

  private FuzzedModels() {}

  static LoadedModel of(byte[] input) {
    return MODELS.get(Math.floorMod(input[0] - '0', MODELS.size()));
  }

  /** The body that begins there in an input. */
  static Body body(byte[] input, int start) {
    return Fixtures.body(Arrays.copyOfRange(input, start, input.length));
  }

  /**
   * What reading a body for a model may allocate for it: much more where each text is an object.
   */
  static long worth(Body body, LoadedModel model) {
    boolean texts = model.inputs().stream().anyMatch(spec -> spec.datatype() == Datatype.BYTES);
    return (texts ? 48L : 5L) * body.length();
  }

  /** A tensor's elements are these bytes, as many as its shape says, and no more than came. */
  static void check(InferenceRequest request, String name, byte[] expected, int length) {
    Tensor tensor = Fixtures.input(request, name);
    byte[] read = new byte[tensor.data().limit()];
    tensor.data().get(0, read);
    assertThat(read).isEqualTo(expected);
    // The densest there is: "1," for eight bytes.
    assertThat(read.length).isLessThanOrEqualTo(4 * length + Double.BYTES);
    if (tensor.datatype() != Datatype.BYTES) {
      assertThat(tensor.shape().elements() * tensor.datatype().byteSize()).isEqualTo(read.length);
    }
  }
}
