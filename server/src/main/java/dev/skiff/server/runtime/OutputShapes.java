package dev.skiff.server.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.TensorInfo;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells the shape of an output from the inputs, before the model runs: then it can write straight
 * into a tensor of ours. Each open dimension of the output is traced to the input axis of the same
 * symbolic name; an unnamed outermost one is taken for the batch. A guess, to be verified by a run.
 */
final class OutputShapes {
  private final Shape shape;
  private final @Nullable Axis[] sources;

  private record Axis(String input, int axis) {}

  private OutputShapes(Shape shape, @Nullable Axis[] sources) {
    this.shape = shape;
    this.sources = sources;
  }

  /** The rule for an output; none where a dimension cannot be traced to an input. */
  static Optional<OutputShapes> of(TensorInfo output, Collection<NodeInfo> inputs) {
    Shape shape = Shape.of(output.getShape());
    @Nullable Axis[] sources = new @Nullable Axis[shape.rank()];
    for (int axis = 0; axis < sources.length; axis++) {
      if (shape.dimension(axis) != Shape.DYNAMIC) {
        continue;
      }
      String name = output.getDimensionNames()[axis];
      Axis source = name.isEmpty() ? unnamed(axis, inputs) : named(name, inputs);
      if (source == null) {
        return Optional.empty();
      }
      sources[axis] = source;
    }
    return Optional.of(new OutputShapes(shape, sources));
  }

  /** The shape of the output for these inputs. */
  Shape predict(Map<String, Tensor> inputs) {
    Shape predicted = shape;
    for (int axis = 0; axis < sources.length; axis++) {
      Axis source = sources[axis];
      Tensor input = source == null ? null : inputs.get(source.input());
      if (source != null && input != null) {
        predicted = predicted.with(axis, input.shape().dimension(source.axis()));
      }
    }
    return predicted;
  }

  private static @Nullable Axis named(String name, Collection<NodeInfo> inputs) {
    for (NodeInfo input : inputs) {
      if (input.getInfo() instanceof TensorInfo info) {
        String[] names = info.getDimensionNames();
        for (int axis = 0; axis < names.length; axis++) {
          if (names[axis].equals(name)) {
            return new Axis(input.getName(), axis);
          }
        }
      }
    }
    return null;
  }

  private static @Nullable Axis unnamed(int axis, Collection<NodeInfo> inputs) {
    if (axis != 0) {
      return null;
    }
    for (NodeInfo input : inputs) {
      if (input.getInfo() instanceof TensorInfo info
          && info.getShape().length > 0
          && info.getShape()[0] == Shape.DYNAMIC) {
        return new Axis(input.getName(), 0);
      }
    }
    return null;
  }
}
