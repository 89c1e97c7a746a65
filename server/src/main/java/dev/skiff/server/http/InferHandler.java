package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;

/** {@code POST /v2/models/{model}/infer}: the Open Inference Protocol V2. */
record InferHandler(Predictions predictions) implements Handler, Predictions.Dialect<InferRequest> {

  @Override
  public void handle(Exchange exchange) throws IOException {
    predictions.answer(exchange, this);
  }

  @Override
  public InferRequest read(Body body, LoadedModel model, Deadline deadline) {
    return InferReader.read(body, model, deadline);
  }

  @Override
  public InferenceRequest request(InferRequest read) {
    return read.request();
  }

  @Override
  public Body write(Lease lease, InferRequest read, InferenceResponse response) {
    return InferWriter.write(lease, read, response);
  }
}
