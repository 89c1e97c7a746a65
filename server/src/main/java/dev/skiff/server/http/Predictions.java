package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.metrics.Metrics;
import dev.skiff.server.metrics.ModelMeters;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.ModelRepository;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
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
  private final long maxRequestBytes;
  private final ThreadShares shares;

  /**
   * The predictions of a server.
   *
   * @param timeout the longest that a request may wait for its answer
   * @param maxRequestBytes the largest request body, after it was decompressed
   * @param threads how many there are for requests that wait
   */
  Predictions(
      ModelRepository repository,
      Metrics metrics,
      Duration timeout,
      long maxRequestBytes,
      int threads) {
    this.repository = repository;
    this.metrics = metrics;
    this.timeout = timeout;
    this.maxRequestBytes = maxRequestBytes;
    this.shares = new ThreadShares(threads);
  }

  /** One dialect: how its requests are read and its replies written. */
  interface Dialect<R> {
    /**
     * Checks the headers of a request, before its body is read.
     *
     * @throws InferenceException if they are wrong, or ask for what cannot be had
     */
    void check(Exchange exchange);

    R read(Exchange exchange, Body body, LoadedModel model, Deadline deadline);

    InferenceRequest request(R read);

    Written write(Lease lease, R read, InferenceResponse response);
  }

  /**
   * A written reply: JSON, or JSON with binary tensors behind it.
   *
   * @param jsonLength where the tensors begin, if there may be some
   */
  record Written(Body body, OptionalInt jsonLength) {
    static Written json(Body body) {
      return new Written(body, OptionalInt.empty());
    }

    void reply(Exchange exchange) throws IOException {
      if (jsonLength.isPresent()) {
        exchange.replyHeader(RequestHeaders.JSON_LENGTH, Integer.toString(jsonLength.getAsInt()));
        exchange.reply(200, RequestHeaders.BINARY, body);
      } else {
        exchange.reply(200, Json.CONTENT_TYPE, body);
      }
    }
  }

  <R> void answer(Exchange exchange, Dialect<R> dialect) throws IOException {
    try {
      attempt(exchange, dialect);
    } finally {
      if (exchange.mayWait()) {
        leave(exchange);
      }
    }
  }

  private static void leave(Exchange exchange) {
    ThreadShares.Place place = exchange.place;
    Lease lease = exchange.lease;
    exchange.place = null;
    exchange.lease = null;
    if (place != null) {
      place.close();
    }
    if (lease != null) {
      lease.close();
    }
  }

  private <R> void attempt(Exchange exchange, Dialect<R> dialect) throws IOException {
    Prediction<?> known = exchange.prediction;
    Prediction<?> prediction = known == null ? begin(exchange, dialect) : known;
    boolean goesOn = false;
    try {
      if (known == null && exchange.joins(prediction)) {
        exchange.prediction = prediction;
        goesOn = true;
        return;
      }
      try (InferenceResponse response = run(exchange, prediction)) {
        prediction.reply(exchange, response);
      }
    } catch (Postponed e) {
      goesOn = known != null;
      throw e;
    } catch (InferenceException e) {
      prediction.failed();
      throw e;
    } finally {
      if (!goesOn) {
        exchange.prediction = null;
        prediction.close();
      }
    }
  }

  private <R> Prediction<R> begin(Exchange exchange, Dialect<R> dialect) throws IOException {
    dialect.check(exchange);
    Optional<ContentCoding> coding = ContentCoding.ofRequest(exchange);
    Deadline deadline = RequestHeaders.deadline(exchange, timeout);
    Lease kept = exchange.lease;
    Lease lease = kept == null ? lease(repository, exchange) : kept.another();
    boolean begun = false;
    try {
      Prediction<R> prediction = begin(exchange, dialect, coding, deadline, lease);
      begun = true;
      return prediction;
    } finally {
      if (!begun) {
        lease.close();
      }
    }
  }

  private <R> Prediction<R> begin(
      Exchange exchange,
      Dialect<R> dialect,
      Optional<ContentCoding> coding,
      Deadline deadline,
      Lease lease)
      throws IOException {
    ModelMeters meters = metrics.model(lease.model(), lease.version());
    Body in = exchange.body();
    int inflated = 0;
    long start = System.nanoTime();
    try {
      if (!exchange.mayWait()
          && (in.length() > QUICK_BYTES
              || coding.isPresent()
              || !lease.target().serviceTime().isQuick())) {
        throw handOver(exchange, lease);
      }
      if (coding.isPresent()) {
        in = coding.get().decode(in, maxRequestBytes, BodyMemory.SHARED);
        inflated = in.bytes().length;
      }
      R read = dialect.read(exchange, in, lease.target(), deadline);
      return new Prediction<>(dialect, lease, meters, read, in.length(), start);
    } catch (InferenceException e) {
      meters.failure(System.nanoTime() - start);
      throw e;
    } finally {
      if (inflated > 0) {
        BodyMemory.SHARED.giveBack(inflated);
      }
    }
  }

  private InferenceResponse run(Exchange exchange, Prediction<?> prediction) {
    InferenceResponse answer = prediction.answer();
    if (answer != null) {
      return answer;
    }
    LoadedModel model = prediction.model();
    InferenceRequest request = prediction.request();
    if (exchange.mayWait()) {
      ThreadShares.Place place = exchange.place;
      if (place == null) {
        place = shares.take(model.batcher());
        exchange.place = place;
      }
      place.arrive();
      return model.batcher().run(request);
    }
    if (!model.serviceTime().isQuick(request)) {
      throw handOver(exchange, prediction.lease());
    }
    Optional<InferenceResponse> response = model.batcher().tryRun(request);
    if (response.isEmpty()) {
      throw handOver(exchange, prediction.lease());
    }
    return response.get();
  }

  /**
   * Takes a thread that the request goes on with, and a lease, so that it is answered by this model
   * whatever becomes of it meanwhile.
   *
   * @throws InferenceException OVERLOADED if there is none for it
   */
  private Postponed handOver(Exchange exchange, Lease lease) {
    exchange.place = shares.take(lease.target().batcher());
    exchange.lease = lease.another();
    return Postponed.INSTANCE;
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
    if (name.isPresent() && !mayBeName(name.get())) {
      throw InferenceException.invalid(
          "a model's name has at most "
              + LONGEST_NAME
              + " characters, none of them a control character");
    }
    return name;
  }

  private static boolean mayBeName(String name) {
    for (int i = 0; i < name.length(); i++) {
      if (Character.isISOControl(name.charAt(i))) {
        return false;
      }
    }
    return name.length() <= LONGEST_NAME;
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
}
