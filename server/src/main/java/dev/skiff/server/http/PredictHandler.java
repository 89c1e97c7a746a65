package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.http.PredictReader.PredictRequest;
import dev.skiff.server.http.Predictions.Written;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;

/** {@code POST /predict}: the simple dialect. */
record PredictHandler(Predictions predictions)
    implements Handler, Predictions.Dialect<PredictRequest> {

  @Override
  public void handle(Exchange exchange) throws IOException {
    predictions.answer(exchange, this);
  }

  @Override
  public void check(Exchange exchange) {
    RequestHeaders.checkJson(exchange);
    RequestHeaders.checkAcceptsJson(exchange);
  }

  @Override
  public PredictRequest read(Exchange exchange, Body body, LoadedModel model, Deadline deadline) {
    return PredictReader.read(body, model, deadline);
  }

  @Override
  public InferenceRequest request(PredictRequest read) {
    return read.request();
  }

  @Override
  public Written write(Lease lease, PredictRequest read, InferenceResponse response) {
    return Written.json(PredictWriter.write(read, response, lease.target()));
  }
}
