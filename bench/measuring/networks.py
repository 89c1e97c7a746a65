"""Networks of a common size, served by Skiff on a GPU or the CPU, and run in a bare loop of ONNX Runtime in Python: rows/s, latency, and
the first request of each size."""
import array
import functools
import http.client
import json
import math
import os
import random
import statistics
import subprocess
import time

from .rows import Row, errors
from .servers import BENCH, FAILURES, IMAGES, SERVERS, SKIFF, SKIFF_JAVA, WORK, Server, Unmeasurable, say
from .targets import PATIENCE, Target, numbers, pixels, rate, v2

AFTER_THE_FIRST = 20  # requests; fewer where they take longer than this
SECONDS_AFTER_THE_FIRST = 5
# Sixty-four images are 38.5 MB, of which three requests wait; and the first of a size may wait until cuDNN has compiled its kernels.
FOR_LARGE_REQUESTS = ["--max-request-bytes", "128MiB", "--queue-bytes", "512MiB", "--request-timeout", f"{PATIENCE}s"]
CLOSE = 2e-2  # of the largest number of an answer: TF32, which GPUs multiply in, has ten bits


class Network:
    """A model with one input, and requests of any number of rows, all the same."""

    def __init__(self, name, given, datatype, shape, row):
        self.name, self.given, self.datatype, self.shape, self.row = name, given, datatype, shape, row

    def header(self, rows, **parameters):
        size = {"binary_data_size": rows * len(self.row())}
        return v2(self.given, [rows, *self.shape], self.datatype, parameters, parameters=size)

    def target(self, rows, connections):
        header = self.header(rows, binary_data_output=True)
        return Target(f"{self.name}-{rows}x{connections}", "network", f"/v2/models/{self.name}/infer", lambda: header + rows * self.row(),
                      None, ["--connections", connections, "--threads", connections, "--timeout", "60s"],
                      {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(header))})

    def in_json(self):
        """One row, answered in JSON."""
        header = self.header(1)
        return Target(self.name, "network", f"/v2/models/{self.name}/infer", lambda: header + self.row(), None, [],
                      {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(header))})


@functools.cache
def words():
    generator = random.Random(1)
    return array.array("q", (generator.randrange(30522) for _ in range(128))).tobytes()


NETWORKS = {network.name: network for network in (
    Network("resnet50", "image", "FP32", [3, 224, 224], lambda: pixels()[1].tobytes()),
    Network("transformer", "ids", "INT64", [128], words),
)}


def libraries(first):
    """These folders, those that were there, and where some clusters mount their driver."""
    return ":".join(filter(None, [*first, os.environ.get("LD_LIBRARY_PATH"), "/usr/local/nvidia/lib", "/usr/local/nvidia/lib64"]))


def environment():
    """As in the image for GPUs. Where the layout is its /skiff, CUDA's libraries are beside the server."""
    return {**IMAGES, "CUDA_MODULE_LOADING": "LAZY", "LD_LIBRARY_PATH": libraries([str(SKIFF / "cuda")])}


def java(*arguments):
    """Of an image's /skiff that was copied elsewhere, jvm.options names another folder of natives: the last one counts. The AOT cache is
    void there."""
    return [SKIFF_JAVA, f"-XX:AOTCache={SKIFF}/app.aot", f"@{SKIFF}/jvm.options", f"-Donnxruntime.native.path={SKIFF}/native", "-jar", SKIFF / "skiff.jar", *arguments]


def doctor(options):
    """What skiff doctor says, and its exit code."""
    run = subprocess.run(["taskset", "-c", options.server_core, *java("doctor")], capture_output=True, text=True,
                         env={**os.environ, **environment()})
    return {"exitCode": run.returncode, "lines": (run.stdout + run.stderr).splitlines()}


def python(options):
    """Not with Skiff's libraries, unless they are named: those of cuDNN for CUDA 12 and 13 have the same names."""
    chosen = {"PYTHON": options.python, "LD_LIBRARY_PATH": libraries([options.python_libraries]), "PRELOAD": "no" if options.python_libraries else None}
    return {name: str(value) for name, value in chosen.items() if value}


def make(options, what, folder):
    subprocess.run([BENCH / "models/make", what, folder], check=True, env={**os.environ, **python(options)})


def python_loop(options, network, folder, rows):
    body = WORK / "python.body"
    body.write_bytes(rows * network.row())
    shape = "x".join(map(str, [rows, *network.shape]))
    command = [BENCH / "peers/ort-python/start", folder / network.name / "model.onnx", body, network.given, network.datatype, shape,
               options.provider, options.seconds]
    run = subprocess.run(["taskset", "-c", options.server_core, *map(str, command)], capture_output=True, text=True,
                         env={**os.environ, **python(options)})
    if run.returncode != 0:
        lines = run.stderr.strip().splitlines()
        raise Unmeasurable(f"peers/ort-python failed: {lines[-1] if lines else 'it said nothing'}")
    return json.loads(run.stdout)


def await_ready(server):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.ended():
            raise Unmeasurable(f"{server.name} ended: {server.complaint()}")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        try:
            connection.request("GET", "/health")
            health = json.loads(connection.getresponse().read())
            if health["status"] == "ok":
                return
            if health["status"] == "unavailable":
                raise Unmeasurable(health["models"][0]["reason"])
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise Unmeasurable(f"{server.name} was not ready within {PATIENCE} s: {server.complaint()}")


def firsts(server, target, rows):
    """The time of the first request of a size, for which cuDNN may look for kernels or compile them, and the median of those that follow
    it, in microseconds."""
    times = []
    while len(times) < 4 or len(times) <= AFTER_THE_FIRST and sum(times[1:]) < SECONDS_AFTER_THE_FIRST * 1e6:
        start = time.perf_counter()
        status, reply = target.ask(server.port, PATIENCE)
        times.append((time.perf_counter() - start) * 1e6)
        if status != 200:
            raise Unmeasurable(f"{server.name} answers {status}: {reply[:200].decode(errors='replace')}")
    return {"rows": rows, "firstMicros": round(times[0], 1), "medianMicros": round(statistics.median(times[1:]), 1)}


def compare(got, expected):
    close = max(map(abs, expected)) * CLOSE
    if not all(math.isclose(a, b, abs_tol=close) for a, b in zip(got, expected, strict=True)):
        raise Unmeasurable(f"Skiff answers {got}, and Python {expected}")


def measure(options, network):
    """The network's two rows; where there is no Python to compare with, the first has rows/s. Then, where a request failed, that."""
    folder = options.models / network.name
    make(options, "networks", options.models)
    SERVERS["network"] = lambda port: (
        [*java("--host", "127.0.0.1", "--port", port, "--provider", options.provider, *FOR_LARGE_REQUESTS, *options.flag, folder)],
        environment())
    starts, runs, reason = [], [], ""
    for number in range(options.rounds):
        with Server("network", options).running() as server:
            await_ready(server)
            for rows in options.batches:
                starts.append(firsts(server, network.target(rows, 1), rows))
                saturated = network.target(rows, options.connections).run(options, server, number)
                alone = network.target(rows, 1).run(options, server, number)
                run = {"rows": rows, "rowsPerSecond": round(rows * rate(saturated), 2), "saturated": saturated, "alone": alone}
                try:
                    run["python"] = python_loop(options, network, folder, rows)
                    compare(numbers(json.loads(network.in_json().ask(server.port)[1]))[:16], run["python"]["answer"])
                except FAILURES as error:
                    reason = str(error)
                    say(reason)
                runs.append(run)
    yield throughput(options, network, runs, reason)
    yield first_requests(options, network, starts)
    if failed := errors(loads(runs)):
        raise Unmeasurable(f"{network.name}{failed}")


def loads(runs):
    return [run[kind] for run in runs for kind in ("saturated", "alone")]


def of_each_size(options, runs, value):
    return [statistics.median(value(run) for run in runs if run["rows"] == rows) for rows in options.batches]


def first_requests(options, network, starts):
    first, median, ratio = (of_each_size(options, starts, value) for value in (
        lambda start: start["firstMicros"], lambda start: start["medianMicros"], lambda start: start["firstMicros"] / start["medianMicros"]))
    note = "; ".join(f"{rows} rows: {begun:,.0f} us, then {then:,.0f} us" for rows, begun, then in zip(options.batches, first, median))
    return Row(f"{options.name}-{network.name}-first", "first request over the median of those after it, by rows of a request", "3", "",
               ratio, starts, f"{note}; lower is better")


def throughput(options, network, runs, reason):
    rates = of_each_size(options, runs, lambda run: run["rowsPerSecond"])
    latencies = of_each_size(options, runs, lambda run: run["alone"]["latency"]["p50Micros"])
    note = "; ".join(f"{rows} rows: {each:,.1f} rows/s, p50 alone {latency:,.0f} us"
                     for rows, each, latency in zip(options.batches, rates, latencies))
    note += errors(loads(runs))
    name = f"{options.name}-{network.name}"
    if reason:
        return Row(name, f"rows/s, by rows of a request; no ratio: {reason}", "", "", rates, runs, note)
    return Row(name, "rows/s over those of a loop of ONNX Runtime in Python, by rows of a request", "0.95", "",
               of_each_size(options, runs, lambda run: run["rowsPerSecond"] / run["python"]["rowsPerSecond"]), runs, note)
