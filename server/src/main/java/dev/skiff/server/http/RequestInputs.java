package dev.skiff.server.http;

import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The inputs of one request as they are read: each name at most once, only names that the model
 * knows, in the end all of them.
 */
final class RequestInputs {
  private final LoadedModel model;
  private final Map<String, TensorReader> readers = new LinkedHashMap<>();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  RequestInputs(LoadedModel model) {
    this.model = model;
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

  /** The reader for an input, made at its first use. */
  TensorReader reader(TensorSpec spec) {
    return readers.computeIfAbsent(spec.name(), name -> new TensorReader(spec));
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
    try {
      readers.forEach((name, reader) -> add(name, reader.tensor(model.pool())));
      for (TensorSpec spec : model.inputs()) {
        if (!tensors.containsKey(spec.name())) {
          throw InferenceException.invalid(
              "input '%s' is missing, the model expects %s".formatted(spec.name(), names()));
        }
      }
      return new InferenceRequest(tensors, outputs, deadline);
    } catch (InferenceException e) {
      close();
      throw e;
    }
  }

  /** Gives back what was read when there will be no request. */
  void close() {
    tensors.values().forEach(Tensor::close);
    tensors.clear();
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
