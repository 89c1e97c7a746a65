package dev.skiff.server.batching;

import dev.skiff.server.inference.Datatype;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Shape;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.inference.TensorPool;
import dev.skiff.server.inference.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Runs a model once for each shape of its inputs, and gives every other request of that shape the
 * same answer again: for a rehearsal, where only the way to the answer matters and the model is
 * slow. Thread-safe.
 */
final class RecordedRunner implements Runner {
  private final Runner runner;
  private final TensorPool pool;
  private final Map<Map<String, Shape>, Recording> recordings = new ConcurrentHashMap<>();

  /** An answer, as what makes each of its values anew. It holds no native memory. */
  private record Recording(SequencedMap<String, Supplier<Value>> outputs, long runNanos) {}

  /**
   * A runner that has recorded nothing.
   *
   * @param pool where the answers' tensors come from
   */
  RecordedRunner(Runner runner, TensorPool pool) {
    this.runner = runner;
    this.pool = pool;
  }

  @Override
  public InferenceResponse run(InferenceRequest request) {
    Map<String, Shape> shapes = LinkedHashMap.newLinkedHashMap(request.inputs().size());
    request.inputs().forEach((name, input) -> shapes.put(name, input.shape()));
    Recording recording = recordings.computeIfAbsent(shapes, key -> record(request));
    SequencedMap<String, Value> outputs = new LinkedHashMap<>();
    recording.outputs().forEach((name, value) -> outputs.put(name, value.get()));
    return new InferenceResponse(outputs, 0, recording.runNanos());
  }

  private Recording record(InferenceRequest request) {
    try (InferenceResponse response = runner.run(request)) {
      SequencedMap<String, Supplier<Value>> outputs = new LinkedHashMap<>();
      response.outputs().forEach((name, value) -> outputs.put(name, again(value)));
      return new Recording(outputs, response.runNanos());
    }
  }

  private Supplier<Value> again(Value value) {
    return switch (value) {
      case Tensor tensor -> again(tensor);
      case Value.Sequence(var values) -> {
        List<Supplier<Value>> elements = values.stream().map(this::again).toList();
        yield () -> new Value.Sequence(elements.stream().map(Supplier::get).toList());
      }
      case Value.Dictionary dictionary -> () -> dictionary;
    };
  }

  private Supplier<Value> again(Tensor tensor) {
    Datatype datatype = tensor.datatype();
    Shape shape = tensor.shape();
    if (datatype == Datatype.BYTES) {
      List<String> texts = tensor.strings();
      return () -> Tensor.ofStrings(shape, texts);
    }
    byte[] bytes = new byte[tensor.data().limit()];
    tensor.data().get(0, bytes);
    return () -> {
      Tensor copy = pool.acquire(datatype, shape);
      copy.data().put(0, bytes);
      return copy;
    };
  }
}
