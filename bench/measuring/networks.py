"""Networks of a common size, served by Skiff on a GPU or the CPU, and run in a bare loop of ONNX Runtime in Python: rows/s, latency, and
the first request after ready."""
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
from .servers import BENCH, FAILURES, SERVERS, SKIFF, SKIFF_JAVA, WORK, Server, Unmeasurable, say
from .targets import PATIENCE, Target, numbers, pixels, rate, v2

REQUESTS_AFTER_READY = 20
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


def environment():
    """As in the image for GPUs. Where the layout is its /skiff, CUDA's libraries are beside the server."""
    folders = [str(folder) for folder in [SKIFF / "cuda"] if folder.exists()]
    folders += [os.environ.get("LD_LIBRARY_PATH", ""), "/usr/local/nvidia/lib", "/usr/local/nvidia/lib64"]
    return {"ORT_DISABLE_TELEMETRY": "1", "CUDA_MODULE_LOADING": "LAZY", "LD_LIBRARY_PATH": ":".join(filter(None, folders))}


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
    """Its own libraries, and not Skiff's: those of cuDNN for CUDA 12 and 13 have the same names."""
    libraries = ":".join(filter(None, [options.python_libraries, os.environ.get("LD_LIBRARY_PATH")]))
    return {name: str(value) for name, value in {"PYTHON": options.python, "LD_LIBRARY_PATH": libraries}.items() if value}


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


def after_ready(server, target):
    """The time of the first request, and the median of those that follow it, in microseconds."""
    times = []
    for _ in range(1 + REQUESTS_AFTER_READY):
        start = time.perf_counter()
        status, reply = target.ask(server.port)
        times.append((time.perf_counter() - start) * 1e6)
        if status != 200:
            raise Unmeasurable(f"{server.name} answers {status}: {reply[:200].decode(errors='replace')}")
    return {"firstMicros": round(times[0], 1), "medianMicros": round(statistics.median(times[1:]), 1)}


def compare(got, expected):
    close = max(map(abs, expected)) * CLOSE
    if not all(math.isclose(a, b, abs_tol=close) for a, b in zip(got, expected, strict=True)):
        raise Unmeasurable(f"Skiff answers {got}, and Python {expected}")


def measure(options, network):
    """The network's two rows; where there is no Python to compare with, the first has rows/s."""
    folder = options.models / network.name
    make(options, "networks", options.models)
    SERVERS["network"] = lambda port: (
        [*java("--host", "127.0.0.1", "--port", port, "--provider", options.provider, "--max-request-bytes", "134217728", *options.flag, folder)],
        environment())
    starts, runs, reason = [], [], ""
    for number in range(options.rounds):
        with Server("network", options).running() as server:
            await_ready(server)
            starts.append(after_ready(server, network.in_json()))
            for rows in options.batches:
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
    yield Row(f"{options.name}-{network.name}-first", "first request after ready over the median of those after it", "3", "",
              [start["firstMicros"] / start["medianMicros"] for start in starts], starts,
              f"{statistics.median(start['medianMicros'] for start in starts):,.0f} us the median; lower is better")


def throughput(options, network, runs, reason):
    def of_each(value):
        return [statistics.median(value(run) for run in runs if run["rows"] == rows) for rows in options.batches]

    rates = of_each(lambda run: run["rowsPerSecond"])
    latencies = of_each(lambda run: run["alone"]["latency"]["p50Micros"])
    note = "; ".join(f"{rows} rows: {each:,.1f} rows/s, p50 alone {latency:,.0f} us"
                     for rows, each, latency in zip(options.batches, rates, latencies))
    note += errors([run[kind] for run in runs for kind in ("saturated", "alone")])
    name = f"{options.name}-{network.name}"
    if reason:
        return Row(name, f"rows/s, by rows of a request; no ratio: {reason}", "", "", rates, runs, note)
    return Row(name, "rows/s over those of a loop of ONNX Runtime in Python, by rows of a request", "0.95", "",
               of_each(lambda run: run["rowsPerSecond"] / run["python"]["rowsPerSecond"]), runs, note)
