package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The inputs of one request as they are read: each name at most once, only names that the model
 * knows, in the end all of them. Whatever becomes of the request, it is closed.
 */
final class RequestInputs implements AutoCloseable {
  private final LoadedModel model;

  /** More elements than these cannot be in the body: each takes two bytes at least. */
  private final long mostElements;

  private final List<TensorReader> opened;
  private final Map<String, TensorReader> readers;
  private Map<String, Tensor> tensors;

  RequestInputs(LoadedModel model, Body body) {
    this.model = model;
    this.mostElements = body.length() / 2;
    int inputs = model.inputs().size();
    this.opened = new ArrayList<>(inputs);
    this.readers = LinkedHashMap.newLinkedHashMap(inputs);
    this.tensors = LinkedHashMap.newLinkedHashMap(inputs);
  }

  /** The specification of an input. */
  TensorSpec spec(String name) {
    for (TensorSpec spec : model.inputs()) {
      if (spec.name().equals(name)) {
        return spec;
      }
    }
    throw InferenceException.invalid(
        "the model has no input '%s', it expects %s".formatted(shortened(name), names()));
  }

  /** The specification of the model's only input. */
  TensorSpec only() {
    if (model.inputs().size() != 1) {
      throw InferenceException.invalid(
          "the model has %d inputs, so name them: %s".formatted(model.inputs().size(), names()));
    }
    return model.inputs().getFirst();
  }

  /** The reader for an input, made at its first use, for one row if the model leaves that open. */
  TensorReader reader(TensorSpec spec) {
    TensorReader known = readers.get(spec.name());
    if (known != null) {
      return known;
    }
    TensorReader made = open(spec, spec.batched() ? spec.shape().with(0, 1) : spec.shape());
    readers.put(spec.name(), made);
    return made;
  }

  /**
   * A reader for an input, which is closed with the request.
   *
   * @param expected the shape that its data should have, if it is known
   */
  TensorReader open(TensorSpec spec, @Nullable Shape expected) {
    boolean isLikely = expected != null && spec.shape().accepts(expected) && fits(expected);
    TensorReader reader = new TensorReader(spec, model.pool(), isLikely ? expected : null);
    opened.add(reader);
    return reader;
  }

  /** Whether that much could be in the body. Nothing is allocated on a client's mere word. */
  private boolean fits(Shape shape) {
    long elements = 1;
    for (int axis = 0; axis < shape.rank(); axis++) {
      long dimension = shape.dimension(axis);
      if (dimension == Shape.DYNAMIC || dimension > mostElements / elements) {
        return false;
      }
      elements = Math.max(1, elements * dimension);
    }
    return true;
  }

  /**
   * Checks that every input came in each of the rows so far.
   *
   * @throws InferenceException INVALID_ARGUMENT if the last row lacks one
   */
  void checkRows(long rows) {
    for (TensorSpec spec : model.inputs()) {
      TensorReader reader = readers.get(spec.name());
      if (reader == null || reader.rows() != rows) {
        throw InferenceException.invalid(
            "input '%s' is missing in instance %d, the model expects %s"
                .formatted(spec.name(), rows, names()));
      }
    }
  }

  /** Adds a tensor that was read. */
  void add(String name, Tensor tensor) {
    if (tensors.putIfAbsent(name, tensor) != null) {
      tensor.close();
      throw InferenceException.invalid("input '" + name + "' came twice");
    }
  }

  /**
   * The request for these outputs, with every input that was read.
   *
   * @throws InferenceException INVALID_ARGUMENT if an input is missing or does not fit the model
   */
  InferenceRequest request(List<String> outputs, Deadline deadline) {
    readers.forEach((name, reader) -> add(name, reader.tensor()));
    for (TensorSpec spec : model.inputs()) {
      if (!tensors.containsKey(spec.name())) {
        throw InferenceException.invalid(
            "input '%s' is missing, the model expects %s".formatted(spec.name(), names()));
      }
    }
    InferenceRequest request = new InferenceRequest(tensors, outputs, deadline);
    tensors = Map.of();
    return request;
  }

  /** Gives back all memory that has not become part of a request. */
  @Override
  public void close() {
    tensors.values().forEach(Tensor::close);
    opened.forEach(TensorReader::close);
  }

  /** The names of all outputs of the model. */
  static List<String> allOutputs(LoadedModel model) {
    List<String> names = new ArrayList<>(model.outputs().size());
    model.outputs().forEach(spec -> names.add(spec.name()));
    return names;
  }

  /** A name from a request, fit for a message. */
  static String shortened(String name) {
    return name.length() > 128 ? name.substring(0, 128) + "..." : name;
  }

  private String names() {
    return model.inputs().stream()
        .map(TensorSpec::name)
        .collect(Collectors.joining("', '", "'", "'"));
  }
}
