package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.http.InferReader.InferRequest;
import dev.skiff.server.http.Predictions.Written;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.InferenceResponse;
import dev.skiff.server.model.LoadedModel;
import dev.skiff.server.model.ModelVersion.Lease;
import java.io.IOException;
import java.util.OptionalLong;

/** {@code POST /v2/models/{model}/infer}: the Open Inference Protocol V2. */
record InferHandler(Predictions predictions) implements Handler, Predictions.Dialect<InferRequest> {

  @Override
  public void handle(Exchange exchange) throws IOException {
    predictions.answer(exchange, this);
  }

  @Override
  public void check(Exchange exchange) {
    if (RequestHeaders.jsonLength(exchange).isPresent()) {
      RequestHeaders.checkBinary(exchange);
    } else {
      RequestHeaders.checkJson(exchange);
    }
    RequestHeaders.checkAcceptsTensors(exchange);
  }

  @Override
  public InferRequest read(Exchange exchange, Body body, LoadedModel model, Deadline deadline) {
    OptionalLong jsonLength = RequestHeaders.jsonLength(exchange);
    InferRequest read =
        jsonLength.isPresent()
            ? InferReader.read(body, jsonLength.getAsLong(), model, deadline)
            : InferReader.read(body, model, deadline);
    try {
      if (read.binary().isEmpty()) {
        RequestHeaders.checkAcceptsJson(exchange);
      }
      return read;
    } catch (InferenceException e) {
      read.request().close();
      throw e;
    }
  }

  @Override
  public InferenceRequest request(InferRequest read) {
    return read.request();
  }

  @Override
  public Written write(Lease lease, InferRequest read, InferenceResponse response) {
    return InferWriter.write(lease, read, response);
  }
}
