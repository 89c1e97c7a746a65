package dev.skiff.server.http;

import com.fasterxml.jackson.core.JsonToken;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.Deadline;
import dev.skiff.server.inference.InferenceException;
import dev.skiff.server.inference.InferenceRequest;
import dev.skiff.server.inference.TensorSpec;
import dev.skiff.server.model.LoadedModel;
import java.io.IOException;

/**
 * Reads the three request forms of the simple dialect: a bare row, {@code instances} (rows) and
 * {@code inputs} (columns), the latter two as TensorFlow Serving's REST API defines them.
 */
final class PredictReader {
  private PredictReader() {}

  /** How the request was written, which is how the reply will be. */
  enum Form {
    ROW,
    INSTANCES,
    INPUTS
  }

  /**
   * A request and its form.
   *
   * @param rows the number of rows; 1 for the forms that do not count them
   */
  record PredictRequest(Form form, long rows, InferenceRequest request) {}

  static PredictRequest read(Body body, LoadedModel model, Deadline deadline) {
    try (RequestInputs inputs = new RequestInputs(model, body)) {
      Form form = Json.read(body, json -> read(json, inputs));
      InferenceRequest request = inputs.request(RequestInputs.allOutputs(model), deadline);
      long rows =
          switch (form) {
            case INSTANCES -> request.inputs().values().iterator().next().shape().dimension(0);
            case ROW, INPUTS -> 1;
          };
      return new PredictRequest(form, rows, request);
    }
  }

  private static Form read(TensorParser json, RequestInputs inputs) throws IOException {
    return switch (json.currentToken()) {
      case START_ARRAY -> {
        row(json, inputs);
        yield Form.ROW;
      }
      case START_OBJECT -> object(json, inputs);
      default ->
          throw Json.unexpected(
              json, "a row as an array, or an object with \"instances\" or \"inputs\"");
    };
  }

  private static void row(TensorParser json, RequestInputs inputs) throws IOException {
    TensorSpec spec = inputs.only();
    TensorReader reader = inputs.reader(spec);
    // A row of a model with inputs [batch] is one scalar; the bare array around it is the batch.
    if (spec.batched() && spec.shape().rank() > 1) {
      reader.readRow(json);
      if (reader.shape().rank() > spec.shape().rank()) {
        throw InferenceException.invalid(
            "a bare array is one row, of shape %s, got %s; send rows as {\"instances\": [...]}"
                .formatted(spec.shape().row(), reader.shape().row()));
      }
    } else {
      reader.readAll(json);
    }
    if (spec.batched() && reader.elements() > 0 && reader.rows() != 1) {
      throw InferenceException.invalid(
          "a bare array is one row, got %d; send several as {\"instances\": [...]}"
              .formatted(reader.rows()));
    }
  }

  private static Form object(TensorParser json, RequestInputs inputs) throws IOException {
    Form form = null;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      json.nextToken();
      Form found =
          switch (key) {
            case "instances" -> {
              instances(json, inputs);
              yield Form.INSTANCES;
            }
            case "inputs" -> {
              columns(json, inputs);
              yield Form.INPUTS;
            }
            case "signature_name" -> {
              json.skipChildren();
              yield form;
            }
            default ->
                throw InferenceException.invalid(
                    "unknown key '%s', expected \"instances\" or \"inputs\""
                        .formatted(RequestInputs.shortened(key)));
          };
      if (form != null && found != form) {
        throw InferenceException.invalid("give either \"instances\" or \"inputs\", got both");
      }
      form = found;
    }
    if (form == null) {
      throw InferenceException.invalid("expected \"instances\" or \"inputs\", got neither");
    }
    return form;
  }

  private static void instances(TensorParser json, RequestInputs inputs) throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      throw Json.unexpected(json, "an array of rows for \"instances\"");
    }
    long rows = 0;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      rows++;
      if (json.currentToken() == JsonToken.START_OBJECT) {
        namedRow(json, inputs);
        inputs.checkRows(rows);
      } else {
        inputs.reader(inputs.only()).readRow(json);
      }
    }
    if (rows == 0) {
      throw InferenceException.invalid("\"instances\" has no rows");
    }
  }

  private static void namedRow(TensorParser json, RequestInputs inputs) throws IOException {
    while (json.nextToken() != JsonToken.END_OBJECT) {
      TensorSpec spec = inputs.spec(json.currentName());
      json.nextToken();
      inputs.reader(spec).readRow(json);
    }
  }

  private static void columns(TensorParser json, RequestInputs inputs) throws IOException {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      inputs.reader(inputs.only()).readAll(json);
      return;
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      TensorSpec spec = inputs.spec(json.currentName());
      json.nextToken();
      inputs.reader(spec).readAll(json);
    }
  }
}
