package dev.skiff.server.http;

import dev.skiff.server.batching.Outcome;
import dev.skiff.server.http.Predictions.Dialect;
import dev.skiff.server.http.Predictions.Written;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.metrics.ModelMeters;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A prediction whose request has been read, until its reply is out. It has the lease on its model.
 * Used by one thread at a time.
 */
final class Prediction<R> implements AutoCloseable {
  private final Dialect<R> dialect;
  private final Lease lease;
  private final ModelMeters meters;
  private final R read;
  private final InferenceRequest request;
  private final int requestBytes;
  private final long start;
  private final long readEnd = System.nanoTime();
  private @Nullable Outcome outcome;
  private long ranAt;
  private int together = 1;

  /**
   * One that has not run.
   *
   * @param requestBytes the length of the request's body
   * @param start when its body was there, on the clock of {@link System#nanoTime}
   */
  Prediction(
      Dialect<R> dialect, Lease lease, ModelMeters meters, R read, int requestBytes, long start) {
    this.dialect = dialect;
    this.lease = lease;
    this.meters = meters;
    this.read = read;
    this.request = dialect.request(read);
    this.requestBytes = requestBytes;
    this.start = start;
  }

  Lease lease() {
    return lease;
  }

  LoadedModel model() {
    return lease.target();
  }

  InferenceRequest request() {
    return request;
  }

  /**
   * Has run with others.
   *
   * @param at when that began
   * @param requests how many they were, itself included
   */
  void ran(Outcome became, long at, int requests) {
    outcome = became;
    ranAt = at;
    together = requests;
  }

  /** The answer if it has run with others; null if it has not run. */
  @Nullable InferenceResponse answer() {
    return outcome == null ? null : outcome.answer().queued(ranAt - readEnd);
  }

  /** Writes the reply and sends it. */
  void reply(Exchange exchange, InferenceResponse response) throws IOException {
    long writing = System.nanoTime();
    Written out = dialect.write(lease, read, response);
    long writeNanos = System.nanoTime() - writing;
    long readNanos = readEnd - start;
    model().serviceTime().learn(request, readNanos + response.runNanos() / together + writeNanos);
    exchange.timed(readNanos, response.queueNanos(), response.runNanos(), writeNanos);
    out.reply(exchange);
    meters.success(
        readNanos,
        response.queueNanos(),
        response.runNanos(),
        writeNanos,
        rows(),
        requestBytes,
        out.body().size());
  }

  private long rows() {
    for (Tensor input : request.inputs().values()) {
      return input.shape().rank() == 0 ? 1 : input.shape().dimension(0);
    }
    return 0;
  }

  void failed() {
    meters.failure(System.nanoTime() - start);
  }

  @Override
  public void close() {
    request.close();
    lease.close();
  }
}
