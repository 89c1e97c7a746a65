package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.inference.Tensor;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.metrics.Metrics.ModelMeters;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The way of a predict request, the same for both dialects: lease, read, run, write, reply. The
 * lease lasts until the last byte is out. Thread-safe.
 */
final class Predictions {
  static final int LONGEST_NAME = 128;

  /**
   * A body that is read in about as long as a quick model runs, at some 100 MB of JSON a second.
   */
  private static final int QUICK_BYTES = 16 << 10;

  private final ModelRepository repository;
  private final Metrics metrics;
  private final Duration timeout;

  Predictions(ModelRepository repository, Metrics metrics, Duration timeout) {
    this.repository = repository;
    this.metrics = metrics;
    this.timeout = timeout;
  }

  /** One dialect: how its requests are read and its replies written. */
  interface Dialect<R> {
    R read(Body body, LoadedModel model, Deadline deadline);

    InferenceRequest request(R read);

    Body write(Lease lease, R read, InferenceResponse response);
  }

  <R> void answer(Exchange exchange, Dialect<R> dialect) throws IOException {
    RequestHeaders.checkJson(exchange);
    RequestHeaders.checkAcceptsJson(exchange);
    Deadline deadline = RequestHeaders.deadline(exchange, timeout);
    try (Lease lease = lease(repository, exchange)) {
      ModelMeters meters = metrics.model(lease.model(), lease.version());
      Body in = exchange.body();
      if (!exchange.mayWait()
          && (in.length() > QUICK_BYTES || !lease.target().serviceTime().isQuick())) {
        throw Postponed.INSTANCE;
      }
      long start = System.nanoTime();
      try {
        answer(exchange, dialect, lease, in, deadline, meters);
      } catch (InferenceException e) {
        meters.failure(System.nanoTime() - start);
        throw e;
      }
    }
  }

  private static <R> void answer(
      Exchange exchange,
      Dialect<R> dialect,
      Lease lease,
      Body in,
      Deadline deadline,
      ModelMeters meters)
      throws IOException {
    long start = System.nanoTime();
    R read = dialect.read(in, lease.target(), deadline);
    try (InferenceRequest request = dialect.request(read)) {
      long readNanos = System.nanoTime() - start;
      try (InferenceResponse response = run(exchange, lease.target(), request)) {
        long writing = System.nanoTime();
        Body out = dialect.write(lease, read, response);
        long writeNanos = System.nanoTime() - writing;
        lease.target().serviceTime().learn(request, readNanos + response.runNanos() + writeNanos);
        exchange.timed(readNanos, response.queueNanos(), response.runNanos(), writeNanos);
        exchange.reply(200, Json.CONTENT_TYPE, out);
        meters.success(
            readNanos,
            response.queueNanos(),
            response.runNanos(),
            writeNanos,
            rows(request),
            in.length(),
            out.length());
      }
    }
  }

  private static InferenceResponse run(
      Exchange exchange, LoadedModel model, InferenceRequest request) {
    if (exchange.mayWait()) {
      return model.batcher().run(request);
    }
    if (!model.serviceTime().isQuick(request)) {
      throw Postponed.INSTANCE;
    }
    return model.batcher().tryRun(request).orElseThrow(() -> Postponed.INSTANCE);
  }

  /** A lease on the version that the path names. */
  static Lease lease(ModelRepository repository, Exchange exchange) {
    return repository.acquire(model(exchange), version(exchange));
  }

  /**
   * The model in the path, if the route has one.
   *
   * @throws InferenceException INVALID_ARGUMENT for what cannot be a name
   */
  static Optional<String> model(Exchange exchange) {
    Optional<String> name = exchange.parameter("model");
    if (name.isPresent()
        && (name.get().length() > LONGEST_NAME
            || name.get().chars().anyMatch(Character::isISOControl))) {
      throw InferenceException.invalid(
          "a model's name has at most "
              + LONGEST_NAME
              + " characters, none of them a control character");
    }
    return name;
  }

  /** The version in the path, if the route has one. */
  static OptionalLong version(Exchange exchange) {
    Optional<String> text = exchange.parameter("version");
    if (text.isEmpty()) {
      return OptionalLong.empty();
    }
    try {
      long version = Long.parseLong(text.get());
      if (version > 0) {
        return OptionalLong.of(version);
      }
    } catch (NumberFormatException e) {
      // Answered below.
    }
    throw new InferenceException(
        ErrorCode.NOT_FOUND,
        "versions are whole numbers from 1 on, got '" + RequestInputs.shortened(text.get()) + "'");
  }

  private static long rows(InferenceRequest request) {
    for (Tensor input : request.inputs().values()) {
      return input.shape().rank() == 0 ? 1 : input.shape().dimension(0);
    }
    return 0;
  }
}
