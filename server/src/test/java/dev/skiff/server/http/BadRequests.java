package dev.skiff.server.http;

import static dev.skiff.server.inference.ErrorCode.INTERNAL;
import static dev.skiff.server.inference.ErrorCode.INVALID_ARGUMENT;
import static dev.skiff.server.inference.ErrorCode.NOT_FOUND;
import static dev.skiff.server.inference.ErrorCode.NOT_READY;
import static dev.skiff.server.inference.ErrorCode.RESOURCE_EXHAUSTED;

import dev.skiff.server.inference.ErrorCode;
import java.util.stream.Stream;

/** Well-formed HTTP that asks for what it cannot have. */
final class BadRequests {
  private static final String X = "{'inputs':[{'name':'x','shape':%s,'datatype':'%s','data':%s}]}";

  private BadRequests() {}

  /**
   * A POST and the error that answers it.
   *
   * @param said what the message contains
   */
  record BadRequest(String path, String body, ErrorCode code, String said) {
    @Override
    public String toString() {
      return path + " " + (body.length() > 60 ? body.substring(0, 60) + "..." : body);
    }
  }

  static Stream<BadRequest> all() {
    return Stream.of(
        // Bodies that are not JSON.
        predict("", INVALID_ARGUMENT, "the body is empty"),
        predict("[1,2", INVALID_ARGUMENT, "at byte 4"),
        predict("[1,2,3] x", INVALID_ARGUMENT, "at byte 8"),
        predict("5", INVALID_ARGUMENT, "got 5"),
        predict("[".repeat(100_000), INVALID_ARGUMENT, "depth"),
        predict("{'inputs':[[1,2,3]],'inputs':[]}", INVALID_ARGUMENT, "Duplicate"),
        predict("[1,2,NaN]", INVALID_ARGUMENT, "NaN"),
        predict("[1,2,1e400]", INVALID_ARGUMENT, "1e400 is out of the range of FP32"),
        predict("[1,2," + "1".repeat(5_000) + "]", INVALID_ARGUMENT, "5000"),
        // Values and shapes that the model does not take.
        predict("[1,2,true]", INVALID_ARGUMENT, "got true"),
        predict("[1,2,'3']", INVALID_ARGUMENT, "got a string"),
        predict("[1,2]", INVALID_ARGUMENT, "has shape [-1,3], got [1,2]"),
        predict("{'instances':[[1,2,3],[4,5]]}", INVALID_ARGUMENT, "ragged"),
        predict("{'\ud83d\ude00':1}", INVALID_ARGUMENT, "\ud83d\ude00"),
        new BadRequest(
            "/predict/identity-bytes", quoted("['\\ud800','','']"), INVALID_ARGUMENT, "surrogate"),
        new BadRequest("/predict/identity-uint8", "[1,2,300]", INVALID_ARGUMENT, "300"),
        new BadRequest("/predict/identity-fp16", "[1,2,3]", INVALID_ARGUMENT, "binary"),
        new BadRequest("/predict/fixed", quoted("{'inputs':[]}"), INVALID_ARGUMENT, "[2,3]"),
        // The same in V2.
        infer("{}", INVALID_ARGUMENT, "is missing"),
        infer("{'inputs':[]}", INVALID_ARGUMENT, "'x'"),
        infer(X.formatted("[1,3]", "FP64", "[1,2,3]"), INVALID_ARGUMENT, "has datatype FP32"),
        infer(X.formatted("[1,3]", "FP31", "[1,2,3]"), INVALID_ARGUMENT, "unknown datatype"),
        infer(X.formatted("[1,-3]", "FP32", "[1,2,3]"), INVALID_ARGUMENT, "got -3"),
        infer(X.formatted("[1.5,3]", "FP32", "[1,2,3]"), INVALID_ARGUMENT, "got 1.5"),
        infer(X.formatted("[2,3]", "FP32", "[1,2,3]"), INVALID_ARGUMENT, "data has 3"),
        infer(X.formatted("[4611686018427387904,3]", "FP32", "[]"), INVALID_ARGUMENT, "too large"),
        infer("{'id':'a\\r\\nb','inputs':[]}", INVALID_ARGUMENT, "control character"),
        infer("{'id':'\\ud800','inputs':[]}", INVALID_ARGUMENT, "surrogate"),
        infer("{'inputs':[{'name':'\\ud800'}]}", INVALID_ARGUMENT, "surrogate"),
        infer("{'outputs':[{'name':'q'}]}", INVALID_ARGUMENT, "no output 'q'"),
        infer("{'parameters':{'sequence_id':1}}", INVALID_ARGUMENT, "'sequence_id'"),
        infer(
            "{'outputs':[{'name':'y','parameters':{'classification':-1}}]}",
            INVALID_ARGUMENT,
            "'classification'"),
        infer(
            "{'inputs':[{'name':'x','shape':[1,3],'datatype':'FP32',"
                + "'parameters':{'binary_data_size':12}}]}",
            INVALID_ARGUMENT,
            "no header Inference-Header-Content-Length"),
        infer(
            "{'inputs':[{'name':'x','parameters':{'shared_memory_region':'r'}}]}",
            INVALID_ARGUMENT,
            "shared memory"),
        // Models and versions that are not there, or cannot answer.
        new BadRequest("/predict/nope", "[1]", NOT_FOUND, "no model 'nope'"),
        new BadRequest("/predict/add;x", "[1]", NOT_FOUND, "no model 'add;x'"),
        new BadRequest("/predict/%D0%B0dd", "[1]", NOT_FOUND, "no model '\u0430dd'"),
        new BadRequest(
            "/predict/" + "x".repeat(126) + "%F0%9F%98%80", "[1]", NOT_FOUND, "\ud83d\ude00"),
        new BadRequest("/predict/" + "x".repeat(129), "[1]", INVALID_ARGUMENT, "128 characters"),
        new BadRequest("/v2/models/a%7fb/infer", "{}", INVALID_ARGUMENT, "Character"),
        new BadRequest("/predict/a%C2%85b", "[1]", INVALID_ARGUMENT, "control character"),
        new BadRequest("/predict/versions/1", "[1,2,3]", NOT_FOUND, "no version 1, only [10]"),
        new BadRequest("/predict/add/0", "[1]", NOT_FOUND, "got '0'"),
        new BadRequest("/predict/add/-1", "[1]", NOT_FOUND, "got '-1'"),
        new BadRequest("/predict/add/1.0", "[1]", NOT_FOUND, "got '1.0'"),
        new BadRequest("/predict/add/99999999999999999999", "[1]", NOT_FOUND, "whole numbers"),
        new BadRequest("/predict/broken", "[1]", NOT_READY, "unavailable"),
        new BadRequest("/predict/external-outside", "[1,2,3]", NOT_READY, "unavailable"),
        new BadRequest("/predict/identity-uint16", "[1,2,3]", NOT_READY, "UINT16"),
        new BadRequest("/predict/identity-uint32", "[1,2,3]", NOT_READY, "UINT32"),
        new BadRequest("/v2/models/identity-uint64/infer", "{}", NOT_READY, "UINT64"),
        new BadRequest("/predict", "[1,2,3]", INVALID_ARGUMENT, "/predict/NAME"),
        new BadRequest("/predict/add/1/2", "[1]", NOT_FOUND, "no such path"),
        new BadRequest("/nope", "[1]", NOT_FOUND, "no such path"),
        // Runs that fail.
        new BadRequest("/predict/fails", "[99]", INTERNAL, "the model failed"),
        new BadRequest(
            "/predict/huge", quoted("{'inputs':[1048576,1048576]}"), RESOURCE_EXHAUSTED, "memory"),
        new BadRequest(
            "/v2/models/huge/infer",
            quoted(X.formatted("[2]", "INT64", "[1048576,1048576]")),
            RESOURCE_EXHAUSTED,
            "memory"));
  }

  private static BadRequest predict(String body, ErrorCode code, String said) {
    return new BadRequest("/predict/identity-fp32", quoted(body), code, said);
  }

  private static BadRequest infer(String body, ErrorCode code, String said) {
    return new BadRequest("/v2/models/identity-fp32/infer", quoted(body), code, said);
  }

  private static String quoted(String json) {
    return json.replace('\'', '"');
  }
}
