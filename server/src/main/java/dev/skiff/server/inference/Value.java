package dev.skiff.server.inference;

import java.util.List;
import java.util.Map;

/**
 * What a model gives back under one output name: a tensor as a rule; a sequence or a map where
 * classical machine learning is converted to ONNX (the ZipMap of scikit-learn's classifiers).
 */
public sealed interface Value extends AutoCloseable
    permits Tensor, Value.Sequence, Value.Dictionary {

  /** Gives the memory back. Does nothing for values that hold none. */
  @Override
  default void close() {}

  /** Values in order, for example one map per row. */
  record Sequence(List<Value> values) implements Value {
    public Sequence {
      values = List.copyOf(values);
    }

    @Override
    public void close() {
      values.forEach(Value::close);
    }
  }

  /**
   * A map from class names (or numbers, as text) to scores, in the model's order.
   *
   * @param entries each value is a Float, Double, Long or String
   */
  record Dictionary(Map<String, Object> entries) implements Value {}
}
