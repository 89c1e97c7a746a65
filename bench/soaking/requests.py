"""What is asked, and what has to come back. The numbers in most requests are their own, so that an answer that went to another's
request is seen as wrong."""
import array
import dataclasses
import gzip
import json
import math
import pathlib
import typing

from .wire import post

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIGITS = json.loads((ROOT / "models/digits/sample.json").read_text())["instances"]
SCORES = json.loads((ROOT / "models/digits/reply.json").read_text())["predictions"]
V2 = "/v2/models/identity-fp32/infer"


@dataclasses.dataclass(frozen=True)
class Request:
    """The bytes of a request, and a function that says what is wrong with a reply: nothing or a sentence."""
    name: str
    data: bytes
    wrong: typing.Callable


def equal(expected, value=lambda reply: reply.json()):
    def wrong(reply):
        if reply.status != 200:
            return f"status {reply.status}, expected 200: {reply.body[:200]!r}"
        return None if value(reply) == expected else f"got {reply.body[:200]!r}, expected {expected!r}"
    return wrong


def refused(*accepted):
    """The error has one of these, each a status and a code."""
    def wrong(reply):
        got = (reply.status, reply.json().get("code"))
        if got not in accepted:
            return f"got {got}, expected {' or '.join(map(str, accepted))}"
        if reply.status == 503 and "retry-after" not in reply.headers:
            return "503 without Retry-After"
        return None
    return wrong


def reloaded(random):
    """A model of those that the others ask, or one that cannot be loaded."""
    model = random.choice(["iris", "digits", "identity-fp32", "slow", "fails", "huge", "broken"])
    request = post(f"/v2/repository/models/{model}/load", b"{}")
    if model == "broken":
        return Request("reload broken", request, refused((422, "LOAD_FAILED")))
    return Request("reload", request, equal(model, lambda reply: reply.json()["name"]))


def three(random):
    """Whole numbers that FP32 holds."""
    return [float(random.randrange(1 << 20)) for _ in range(3)]


def iris(_):
    return Request("simple", post("/predict/iris", b"[5.1, 3.5, 1.4, 0.2]"), equal({"prediction": [0]}))


def digits(random):
    which = random.randrange(2)

    def wrong(reply):
        if reply.status != 200:
            return f"status {reply.status}, expected 200: {reply.body[:200]!r}"
        got = reply.json()["outputs"][0]["data"]
        near = len(got) == 10 and all(math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-6) for a, b in zip(got, SCORES[which]))
        return None if near else f"got {got}, expected {SCORES[which]}"
    body = {"inputs": [{"name": "pixels", "shape": [1, 64], "datatype": "FP32", "data": DIGITS[which]}]}
    return Request("V2", post("/v2/models/digits/infer", json.dumps(body).encode()), wrong)


def identity(random):
    rows = [three(random) for _ in range(random.randrange(1, 4))]
    return Request("simple", post("/predict/identity-fp32", json.dumps({"instances": rows}).encode()), equal({"predictions": rows}))


def compressed(random):
    rows = [three(random) for _ in range(50)]
    body = gzip.compress(json.dumps({"inputs": rows}).encode(), 1)
    return Request("gzip", post("/predict/identity-fp32", body, Content_Encoding="gzip"), equal({"outputs": rows}))


def binary(random):
    """As the binary tensor data extension has it, both ways; now and then 1.2 MB."""
    values = array.array("f", three(random) * (100_000 if random.random() < 0.01 else 1)).tobytes()
    head = json.dumps({"inputs": [{"name": "x", "shape": [len(values) // 12, 3], "datatype": "FP32",
                                   "parameters": {"binary_data_size": len(values)}}],
                       "parameters": {"binary_data_output": True}}).encode()
    data = post(V2, head + values, "application/octet-stream", Inference_Header_Content_Length=len(head))
    return Request("binary", data, equal(values, lambda reply: reply.body[int(reply.headers["inference-header-content-length"]):]))


GOOD = [iris, digits, identity, identity, compressed, binary, binary]


def counted(random, iterations, **headers):
    """A run as long as its iterations, for a model that few of may wait: the right answer, or an honest refusal."""
    x = three(random)
    right = equal({"outputs": [[value + iterations for value in x]]})
    refusal = refused((503, "OVERLOADED"), *([(504, "DEADLINE_EXCEEDED")] if headers else []))
    body = json.dumps({"inputs": {"x": [x], "iterations": [iterations]}}).encode()
    return Request("burst", post("/predict/slow", body, **headers), lambda reply: (right if reply.status == 200 else refusal)(reply))


def bad(name, data, status, code):
    return Request(name, data, refused((status, code)))


def v2(shape, datatype, data):
    return json.dumps({"inputs": [{"name": "x", "shape": shape, "datatype": datatype, "data": data}]}).encode()


BAD = [
    bad("no such model", post("/predict/nope", b"[1]"), 404, "NOT_FOUND"),
    bad("no such path", post("/nope", b"[1]"), 404, "NOT_FOUND"),
    bad("cut JSON", post("/predict/iris", b"[1, 2"), 400, "INVALID_ARGUMENT"),
    bad("empty", post("/predict/iris", b""), 400, "INVALID_ARGUMENT"),
    bad("deep", post("/predict/iris", b"[" * 10_000), 400, "INVALID_ARGUMENT"),
    bad("wrong shape", post("/predict/iris", b"[1, 2, 3]"), 400, "INVALID_ARGUMENT"),
    bad("ragged", post("/predict/identity-fp32", b'{"instances": [[1, 2, 3], [4, 5]]}'), 400, "INVALID_ARGUMENT"),
    bad("out of range", post("/predict/identity-fp32", b"[1, 2, 1e400]"), 400, "INVALID_ARGUMENT"),
    bad("wrong datatype", post(V2, v2([1, 3], "FP64", [1, 2, 3])), 400, "INVALID_ARGUMENT"),
    bad("too few elements", post(V2, v2([2, 3], "FP32", [1, 2, 3])), 400, "INVALID_ARGUMENT"),
    bad("too many elements", post(V2, v2([1 << 62, 3], "FP32", [])), 400, "INVALID_ARGUMENT"),
    bad("binary without a length", post(V2, b"\0" * 12, "application/octet-stream"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    bad("not gzip", post("/predict/iris", b"[5.1, 3.5, 1.4, 0.2]", Content_Encoding="gzip"), 400, "INVALID_ARGUMENT"),
    bad("wrong type", post("/predict/iris", b"a,b", "text/csv"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    bad("wrong method", b"GET /predict/iris HTTP/1.1\r\nHost: skiff\r\n\r\n", 405, "METHOD_NOT_ALLOWED"),
    bad("broken model", post("/predict/broken", b"[1]"), 503, "NOT_READY"),
    bad("failing run", post("/predict/fails", b"[99]"), 500, "INTERNAL"),
    bad("no memory", post("/predict/huge", b'{"inputs": [1048576, 1048576]}'), 507, "RESOURCE_EXHAUSTED"),
    bad("too large", b"POST /predict/iris HTTP/1.1\r\nHost: skiff\r\nContent-Length: 99999999\r\n\r\n", 413, "TOO_LARGE"),
    bad("long head", b"POST /predict/iris HTTP/1.1\r\nHost: skiff\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431, "TOO_LARGE"),
    bad("no HTTP", b"GARBAGE\r\n\r\n", 400, "INVALID_ARGUMENT"),
    bad("two lengths", b"POST /predict/iris HTTP/1.1\r\nHost: skiff\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n[1]",
        400, "INVALID_ARGUMENT"),
]
