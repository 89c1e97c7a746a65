"""The rows that compare two rates: each target is loaded once a round, in turns."""
import collections
import dataclasses
import itertools
import json
import statistics

from .rows import Failure, Row, errors, taken
from .servers import FAILURES, Fleet, made
from .targets import ANSWER, DIGIT, IRIS, Target, binary_header, binary_image, channel_means, json_image, rate, v2

BINARY = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(binary_header()))}
V2 = v2("pixels", [1, 64], data=DIGIT)


def dense_row():
    return (made("dense") / "row.json").read_bytes()


def mlp_answer():
    return json.loads((made("mlp") / "reply.json").read_text())


def targets(*of):
    return {target.name: target for target in of}


TARGETS = targets(
    Target("skiff", "skiff", "/predict/digits", DIGIT, ANSWER),
    Target("skiff-mlp", "skiff-mlp", "/predict/mlp", DIGIT, mlp_answer),
    Target("skiff-iris", "skiff", "/predict/iris", IRIS, [0]),
    Target("skiff-v2", "skiff", "/v2/models/digits/infer", lambda: V2, ANSWER),
    Target("skiff-route", "skiff-route", "/predict/digits", DIGIT, ANSWER),
    Target("jetty-echo", "jetty-echo", "/", DIGIT, DIGIT),
    Target("echo", "echo", "/", DIGIT, DIGIT),
    *(Target(name, name, "/predict", DIGIT, ANSWER)
      for name in ("rust-axum-ort", "go-ort", "fastapi-onnxruntime", "litserve", "bentoml")),
    Target("fastapi-joblib", "fastapi-joblib", "/predict", IRIS, [0]),
    Target("mlserver", "mlserver", "/v2/models/digits/infer", lambda: V2, ANSWER),
    *(Target(name, "skiff-dense", f"/predict/{name}", dense_row, None, ["--connections", "64", "--timeout", "30s"])
      for name in ("joined", "alone")),
    Target("image-binary", "skiff-channels", "/v2/models/channels/infer", binary_image, channel_means, ["--connections", "8"],
           BINARY),
    Target("image-json", "skiff-channels", "/v2/models/channels/infer", json_image, channel_means, ["--connections", "8"]),
)


@dataclasses.dataclass(frozen=True)
class Pair:
    """The rate of one target over that of another; the least that it must be, and should be."""
    name: str
    measure: str
    must: str
    aim: str
    over: str
    under: str


PAIRS = {pair.name: pair for pair in (
    Pair("http", "requests/s over an echo's in the same Jetty", "0.70", "0.90", "skiff", "jetty-echo"),
    Pair("http-mlp", "the same of a model that costs next to nothing", "0.70", "0.90", "skiff-mlp", "jetty-echo"),
    Pair("lane", "requests/s through the fast lane over those through Javalin's route", "1.6", "2", "skiff", "skiff-route"),
    Pair("rust-axum-ort", "requests/s over Rust's", "1.0", "1.3", "skiff", "rust-axum-ort"),
    Pair("go-ort", "requests/s over Go's", "", "", "skiff", "go-ort"),
    Pair("fastapi-onnxruntime", "requests/s over FastAPI's with ONNX Runtime", "3", "5", "skiff", "fastapi-onnxruntime"),
    Pair("fastapi-joblib", "requests/s over serve.py's, iris", "8", "14", "skiff-iris", "fastapi-joblib"),
    Pair("mlserver", "requests/s over MLServer's, V2 JSON", "", "", "skiff-v2", "mlserver"),
    Pair("litserve", "requests/s over LitServe's", "", "", "skiff", "litserve"),
    Pair("bentoml", "requests/s over BentoML's", "", "", "skiff", "bentoml"),
    Pair("generator", "the load tester's own rate against an echo over its rate against Skiff", "", "", "echo", "skiff"),
    Pair("batching", "rows/s with batching over without, 64 clients with a row each", "1.5", "3", "joined", "alone"),
    Pair("binary", "requests/s of 150,528 floats in V2 binary over V2 JSON", "3", "6", "image-binary", "image-json"),
)}


def groups(names):
    """The pairs to measure at once: those whose two targets are on one server by themselves, and all others together."""
    grouped = collections.defaultdict(list)
    for name in names:
        over, under = TARGETS[PAIRS[name].over].server, TARGETS[PAIRS[name].under].server
        grouped[over if over == under else "all"].append(PAIRS[name])
    return list(grouped.values())


def measure(options, pairs):
    wanted = {name: TARGETS[name] for pair in pairs for name in (pair.over, pair.under)}
    runs, failures = {name: [] for name in wanted}, {}

    def attempt(name, action):
        if name not in failures:
            try:
                with fleet.server(wanted[name].server) as server:
                    wanted[name].await_answer(server)
                    action(server)
            except FAILURES as error:
                failures[name] = error

    with Fleet(options) as fleet:
        for name in wanted:
            attempt(name, lambda _: None)
        for number, (name, target) in itertools.product(range(options.rounds), wanted.items()):
            attempt(name, lambda server: runs[name].append(target.run(options, server, number)))
    for pair in pairs:
        reasons = {name: failures[name] for name in (pair.over, pair.under) if name in failures}
        yield Failure(pair.name, "; ".join(map(str, reasons.values()))) if reasons else row(pair, runs[pair.over], runs[pair.under])


def row(pair, over, under):
    values = [rate(a) / rate(b) for a, b in zip(over, under)]
    rates, cpu = [], []
    for side in (over, under):
        rates.append(statistics.median(map(rate, side)))
        cpu.append(statistics.median(run["serverCpuMicrosPerRequest"] for run in side))
    note = f"{rates[0]:,.0f} against {rates[1]:,.0f} requests/s; CPU {cpu[0]:,.0f} against {cpu[1]:,.0f} us/request"
    return Row(pair.name, pair.measure, pair.must, pair.aim, values, over + under, note + errors(over + under) + taken(over + under))
