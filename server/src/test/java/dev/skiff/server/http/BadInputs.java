package dev.skiff.server.http;

import static dev.skiff.server.http.Asked.binary;
import static dev.skiff.server.http.Asked.gzip;
import static dev.skiff.server.http.Asked.post;
import static dev.skiff.server.http.Asked.raw;
import static dev.skiff.server.http.Asked.sized;

import java.util.List;

/**
 * The rows of docs/bad-inputs.md. Some are requests, whose replies are asked for and written there;
 * the others are held by tests that name them ({@link dev.skiff.server.BadInput}), or decided.
 * Long, because it is one table that is read from its top to its bottom.
 */
final class BadInputs {
  /** The limit on bodies of the servers that are asked. */
  static final int LIMIT = 1_000_000;

  static final String FP32 = "/predict/identity-fp32";
  static final String INFER = "/v2/models/identity-fp32/infer";

  private static final String TWO = "/v2/models/add/infer";
  private static final String POST = "POST " + FP32 + " HTTP/1.1\nHost: a\n";
  private static final String CHUNKED = POST + "Transfer-Encoding: chunked\n\n";
  private static final String BODY = "Content-Length: 7\n\n[1,2,3]";

  private BadInputs() {}

  /**
   * A row.
   *
   * @param asked requests that have to bring what is expected; none if tests hold it
   */
  record Row(int number, String input, String expected, List<Asked> asked) {
    @Override
    public String toString() {
      return number + ". " + input;
    }
  }

  /** The rows about HTTP itself. */
  static List<Row> http() {
    return List.of(
        row(
            1,
            "A TLS handshake, or garbage",
            "400, closed",
            raw(400, "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\n\n"),
            raw(400, "garbage\n\n")),
        row(2, "No Host", "400", raw(400, "GET /health HTTP/1.1\n\n")),
        row(
            3,
            "Content-Length beside Transfer-Encoding",
            "400, closed",
            raw(400, POST + "Content-Length: 7\nTransfer-Encoding: chunked\n\n7\n[1,2,3]\n0\n\n")),
        row(
            4,
            "Two Content-Lengths that differ",
            "400",
            raw(400, POST + "Content-Length: 7\nContent-Length: 8\n\n[1,2,3]")),
        row(
            5,
            "A Content-Length below 0, or beyond what a number can be",
            "400",
            raw(400, POST + "Content-Length: -7\n\n[1,2,3]"),
            raw(400, POST + "Content-Length: 99999999999999999999\n\n[1,2,3]")),
        row(6, "A chunk size that is none", "400", raw(400, CHUNKED + "zz\n[1,2,3]\n0\n\n")),
        row(
            7,
            "An unknown Transfer-Encoding",
            "400",
            raw(400, POST + "Transfer-Encoding: gzip\n\n7\n[1,2,3]\n0\n\n")),
        row(8, "65,537 chunks of one byte", "413", raw(413, CHUNKED + "1\n \n".repeat(65_537))),
        row(
            9,
            "A URI over 8 KiB",
            "414",
            raw(414, "GET /" + "a".repeat(9_000) + " HTTP/1.1\nHost: a\n\n")),
        row(
            10,
            "Headers over 8 KiB",
            "431",
            raw(431, "GET /health HTTP/1.1\nHost: a\nX: " + "a".repeat(9_000) + "\n\n")),
        row(
            11,
            "A Content-Length over the limit",
            "413, closed",
            raw(413, POST + "Content-Length: 1000001\n\n")),
        row(
            12,
            "Chunks that cross the limit",
            "413, closed",
            raw(413, CHUNKED + "f4241\n" + " ".repeat(LIMIT + 1))),
        row(
            13,
            "Expect: 100-continue before a body over the limit",
            "413, and no 100 before it",
            raw(413, POST + "Expect: 100-continue\nContent-Length: 1000001\n\n")),
        row(14, "Any other Expect", "417", raw(417, POST + "Expect: other\n" + BODY)),
        row(15, "A body that ends early", "no reply to a client that is gone, and it is counted"),
        row(16, "A body that stalls", "408"),
        row(17, "A header that comes byte by byte", "closed within some 10 s"),
        row(18, "A body that comes byte by byte", "408"),
        row(19, "300 connections that stall", "`/health` within 100 ms"),
        row(
            20,
            "The wrong method",
            "405 with Allow",
            raw(405, "GET " + FP32 + " HTTP/1.1\nHost: a\n\n"),
            raw(405, "POST /health HTTP/1.1\nHost: a\nContent-Length: 0\n\n")),
        row(21, "An unknown path", "404", raw(404, "GET /nope HTTP/1.1\nHost: a\n\n")),
        row(
            22,
            "TRACE, CONNECT",
            "405",
            raw(405, "TRACE /health HTTP/1.1\nHost: a\n\n"),
            raw(405, "CONNECT a:80 HTTP/1.1\nHost: a:80\n\n")),
        row(23, "A POST without a body", "400", post(FP32, ""), post(INFER, "")),
        row(
            24,
            "A Content-Type that is neither JSON nor binary",
            "415",
            raw(415, POST + "Content-Type: text/plain\n" + BODY)),
        row(
            25,
            "Another charset than UTF-8",
            "415",
            raw(415, POST + "Content-Type: application/json; charset=utf-16\n" + BODY)),
        row(
            26,
            "An unknown Content-Encoding, or several",
            "415",
            raw(415, POST + "Content-Encoding: br\n" + BODY),
            raw(415, POST + "Content-Encoding: gzip, gzip\n" + BODY)),
        row(
            27,
            "gzip that is none, or goes on behind its end",
            "400",
            raw(400, POST + "Content-Encoding: gzip\n" + BODY),
            gzip(400, "[1,2,3]", " ")),
        row(28, "A gzip bomb", "413, without the memory", gzip(413, " ".repeat(LIMIT + 1), "")),
        row(
            29,
            "Inference-Header-Content-Length twice",
            "400",
            raw(
                400,
                "POST %s HTTP/1.1\nHost: a\n".formatted(INFER)
                    + "Inference-Header-Content-Length: 7\n".repeat(2)
                    + BODY)),
        row(
            30,
            "An Accept that cannot be met",
            "406",
            raw(406, POST + "Accept: text/html\n" + BODY)));
  }

  /** The rows about JSON. */
  static List<Row> json() {
    return List.of(
        row(31, "JSON that is cut short", "400 with the place", post(FP32, "[1,2")),
        row(32, "Invalid UTF-8", "400", post("/predict/identity-bytes", "[\"\u00ff\"]")),
        row(33, "Data behind the JSON", "400", post(FP32, "[1,2,3] x")),
        row(34, "A root of the wrong kind", "400", post(FP32, "5"), post(INFER, "[]")),
        row(35, "100,000 nested arrays", "400", post(FP32, "[".repeat(100_000))),
        row(36, "A key twice", "400", post(FP32, "{'inputs':[[1,2,3]],'inputs':[]}")),
        row(
            37,
            "NaN as a literal; NaN in an output",
            "400; 200 and \"NaN\"",
            post(FP32, "[1,2,NaN]"),
            binary(
                200, INFER, input("x", "[1,3]", "FP32", 12), "\0\0\u00c0\u007f\0\0\0\0\0\0\0\0")),
        row(38, "1e400", "400", post(FP32, "[1,2,1e400]")),
        row(
            39,
            "A number of 5,000 digits",
            "400",
            post(FP32, "[1,2," + "1".repeat(5_000) + "]"),
            post(
                INFER,
                "{'inputs':[{'data':[%s],'name':'x','shape':[1,3],'datatype':'FP32'}]}"
                    .formatted("1".repeat(5_000)))),
        row(
            40,
            "1.5 for INT64, 300 for UINT8, 2^63 for INT64",
            "400",
            post("/predict/identity-int64", "[1,2,1.5]"),
            post("/predict/identity-uint8", "[1,2,300]"),
            post("/predict/identity-int64", "[1,2,9223372036854775808]")),
        row(
            41,
            "A truth value or a string for FP32",
            "400",
            post(FP32, "[1,2,true]"),
            post(FP32, "[1,2,'3']")),
        row(
            42,
            "INT64 beyond 2^53",
            "200, exact",
            post(200, "/predict/identity-int64", "[1,2,9007199254740993]")),
        row(
            43,
            "`\\u0000` in BYTES",
            "200, kept",
            post(200, "/predict/identity-bytes", "['a\\u0000b','','']")),
        row(
            44,
            "Half a surrogate pair",
            "400",
            post("/predict/identity-bytes", "['\\ud800','','']")),
        row(
            45,
            "An emoji in BYTES",
            "200, kept",
            post(200, "/predict/identity-bytes", "['\ud83d\udea3','','']")),
        row(
            46,
            "A string of 100 MB",
            "413",
            raw(413, POST + "Content-Length: 104857600\n\n[\"" + "a".repeat(1_000))));
  }

  /** The rows about inference requests. */
  static List<Row> inference() {
    return List.of(
        row(
            47,
            "`inputs` missing, empty, no array",
            "400",
            post(INFER, "{}"),
            post(INFER, "{'inputs':[]}"),
            post(INFER, "{'inputs':5}")),
        row(
            48,
            "A field missing",
            "400 that names it",
            post(INFER, "{'inputs':[{'shape':[1,3],'datatype':'FP32','data':[1,2,3]}]}"),
            post(INFER, "{'inputs':[{'name':'x','datatype':'FP32','data':[1,2,3]}]}"),
            post(INFER, "{'inputs':[{'name':'x','shape':[1,3],'data':[1,2,3]}]}"),
            post(INFER, "{'inputs':[{'name':'x','shape':[1,3],'datatype':'FP32'}]}")),
        row(49, "An input twice", "400", infer(x("[1,3]", "FP32", "[1,2,3]").repeat(2))),
        row(
            50,
            "An output twice",
            "400",
            infer(x("[1,3]", "FP32", "[1,2,3]") + "],'outputs':[{'name':'y'},{'name':'y'}")),
        row(
            51,
            "An unknown input",
            "400 that lists those that there are",
            infer(x("[1,3]", "FP32", "[1,2,3]").replace("'x'", "'z'"))),
        row(
            52,
            "An input left out",
            "400",
            post(TWO, "{'inputs':[" + x("[1,3]", "FP32", "[1,2,3]").replace("'x'", "'a'") + "]}")),
        row(
            53,
            "An unknown output",
            "400",
            infer(x("[1,3]", "FP32", "[1,2,3]") + "],'outputs':[{'name':'q'}")),
        row(54, "An unknown datatype", "400", infer(x("[1,3]", "FP31", "[1,2,3]"))),
        row(55, "Another datatype than the model's", "400", infer(x("[1,3]", "FP64", "[1,2,3]"))),
        row(56, "Another rank", "400", infer(x("[3]", "FP32", "[1,2,3]"))),
        row(57, "Another size of a fixed dimension", "400", infer(x("[1,2]", "FP32", "[1,2]"))),
        row(
            58,
            "A dimension below 0, a fraction, a string",
            "400",
            infer(x("[1,-3]", "FP32", "[1,2,3]")),
            infer(x("[1.5,3]", "FP32", "[1,2,3]")),
            infer(x("['1',3]", "FP32", "[1,2,3]"))),
        row(
            59,
            "Shape [2^32, 2^32]",
            "400, without the memory",
            infer(x("[4294967296,4294967296]", "FP32", "[1,2,3]"))),
        row(
            60,
            "A shape of another size than the data",
            "400",
            infer(x("[2,3]", "FP32", "[1,2,3]"))),
        row(61, "Ragged data", "400", post(FP32, "{'instances':[[1,2,3],[4,5]]}")),
        row(
            62,
            "A dimension of 0",
            "200 where the model leaves it open, else 400",
            post(200, INFER, "{'inputs':[" + x("[0,3]", "FP32", "[]") + "]}"),
            infer(x("[1,0]", "FP32", "[]"))),
        row(63, "More rows than the model takes at once", "400"),
        row(
            64,
            "An output of terabytes",
            "507",
            post(507, "/predict/huge", "{'inputs':[1048576,1048576]}")),
        row(
            65,
            "`..%2f` in a model's name",
            "404, and no file touched",
            raw(400, "POST /predict/..%2fx HTTP/1.1\nHost: a\n" + BODY)),
        row(
            66,
            "NUL, a control character, or 129 characters in a model's name",
            "400",
            raw(400, "POST /predict/a%00b HTTP/1.1\nHost: a\n" + BODY),
            raw(400, "POST /predict/a%C2%85b HTTP/1.1\nHost: a\n" + BODY),
            post("/predict/" + "x".repeat(129), "[1]")),
        row(
            67,
            "A look-alike of a model's name, or `;x` behind it",
            "404",
            post(404, "/predict/%D0%B0dd", "[1]"),
            post(404, "/predict/add;x", "[1]")),
        row(68, "An unknown model", "404", post(404, "/predict/nope", "[1]")),
        row(69, "A model that is still loading", "503 with Retry-After"),
        row(
            70,
            "A version that is none",
            "404",
            post(404, "/predict/add/0", "[1]"),
            post(404, "/predict/versions/1", "[1,2,3]")),
        row(
            71,
            "An id that is no string, over 1 KiB, or has CR LF",
            "400, and in no header",
            post(INFER, "{'id':7,'inputs':[]}"),
            post(INFER, "{'id':'%s','inputs':[]}".formatted("a".repeat(1_025))),
            post(INFER, "{'id':'a\\r\\nX: b','inputs':[]}")),
        row(
            72,
            "A parameter that is reserved",
            "400",
            post(INFER, "{'parameters':{'sequence_id':1},'inputs':[]}")),
        row(
            73,
            "FP16 in JSON",
            "400 that names the binary form",
            post("/predict/identity-fp16", "[1,2,3]")),
        row(
            74,
            "Shared memory",
            "400",
            post(
                INFER,
                "{'inputs':[{'name':'x','shape':[1,3],'datatype':'FP32',"
                    + "'parameters':{'shared_memory_region':'r'}}]}")));
  }

  /** The rows about tensors in binary form. */
  static List<Row> tensors() {
    String row = input("x", "[1,3]", "FP32", 12);
    String data = "\0".repeat(12);
    return List.of(
        row(
            75,
            "A header length of -1, `text`, 99999999999",
            "400",
            sized(INFER, "-1", row + data),
            sized(INFER, "text", row + data),
            sized(INFER, "99999999999", row + data)),
        row(76, "A header length beyond the body", "400", sized(INFER, "1000", row + data)),
        row(77, "Header length 0 for a model of two inputs", "400", sized(TWO, "0", data)),
        row(78, "A size, but no header length", "400", post(INFER, row)),
        row(
            79,
            "Another size than the shape has",
            "400",
            binary(400, INFER, input("x", "[1,3]", "FP32", 8), data.substring(4))),
        row(80, "Sizes beyond the body", "400", binary(400, INFER, row, data.substring(4))),
        row(81, "Bytes left over", "400", binary(400, INFER, row, data + "\0")),
        row(
            82,
            "A size below 0, a fraction, 2^63",
            "400",
            binary(400, INFER, row.replace(":12}", ":-12}"), data),
            binary(400, INFER, row.replace(":12}", ":12.0}"), data),
            binary(400, INFER, row.replace(":12}", ":9223372036854775808}"), data)),
        row(
            83,
            "Both `data` and binary data",
            "400",
            binary(400, INFER, row.replace("'shape'", "'data':[1,2,3],'shape'"), data)),
        row(
            84,
            "A BYTES element that ends beyond the body, one of 0xFFFFFFFF bytes",
            "400",
            binary(
                400,
                "/v2/models/identity-bytes/infer",
                input("x", "[1,3]", "BYTES", 12),
                "\1\0\0\0a\377\0\0\0abc"),
            binary(
                400,
                "/v2/models/identity-bytes/infer",
                input("x", "[1,3]", "BYTES", 12),
                "\377\377\377\377" + data.substring(4))),
        row(
            85,
            "A BOOL that is neither 0 nor 1",
            "400",
            binary(
                400, "/v2/models/identity-bool/infer", input("x", "[1,3]", "BOOL", 3), "\0\1\2")));
  }

  /** The rows about what goes wrong in the server. */
  static List<Row> faults() {
    return List.of(
        row(86, "A full queue", "503 with Retry-After, under 5 ms"),
        row(87, "A deadline that passes in the queue", "504, and it never runs"),
        row(88, "A deadline that passes during the run", "504, and the run is told to end"),
        row(89, "A client that leaves before its answer", "the answer is dropped, and counted"),
        row(90, "An error of a kernel", "500 without a path", post(500, "/predict/fails", "[99]")),
        row(91, "A GPU without memory left", "503, and the next request is well"),
        row(92, "A CUDA error that stays", "500, not ready, and an end that is restarted"),
        row(93, "No Java memory left", "the process ends"),
        row(94, "A broken model in place of one that serves", "422, and the old version serves on"),
        row(95, "A model that is half uploaded", "not seen"),
        row(96, "A disk that is full during an upload", "507"),
        row(97, "A new version with data outside its folder", "422, and the old version serves on"),
        row(98, "1,000 reloads under load", "no request fails, and memory stays flat"),
        row(99, "A model that is unloaded during a run", "the run ends well, then 404"),
        row(100, "SIGTERM under load", "not ready first, nothing lost, exit code 0"),
        row(101, "SIGTERM while models load", "an end in time, without a crash"),
        row(102, "A crash in native code", "the container is started again, ready within 60 s"));
  }

  private static Row row(int number, String input, String expected, Asked... asked) {
    return new Row(number, input, expected, List.of(asked));
  }

  private static Asked infer(String inputs) {
    return post(INFER, "{'inputs':[" + inputs.replace("}{", "},{") + "]}");
  }

  private static String x(String shape, String datatype, String data) {
    return "{'name':'x','shape':%s,'datatype':'%s','data':%s}".formatted(shape, datatype, data);
  }

  private static String input(String name, String shape, String datatype, int size) {
    return "{'inputs':[%s]}"
        .formatted(BinaryBody.input(name, shape, datatype, size).replace('"', '\''));
  }
}
