package dev.skiff.server.inference;

import java.util.SequencedMap;

/**
 * What a model answered. Closing it closes its values.
 *
 * @param outputs the requested outputs by name, in the order of the request; whoever removes one
 *     closes it
 * @param queueNanos how long the request waited for its turn
 * @param runNanos how long the model ran
 */
public record InferenceResponse(SequencedMap<String, Value> outputs, long queueNanos, long runNanos)
    implements AutoCloseable {

  /** This response with the time that it waited. */
  public InferenceResponse queued(long nanos) {
    return new InferenceResponse(outputs, nanos, runNanos);
  }

  @Override
  public void close() {
    outputs.values().forEach(Value::close);
  }
}
