"""The rows that load one server in a way of their own."""
import os
import statistics
import subprocess
import time

from .pairs import BINARY, dense_row
from .rows import Row, errors
from .servers import BENCH, Fleet, Server, Unmeasurable, jdk, made, say
from .targets import ANSWER, DIGIT, Target, binary_image, rate

REHEARSAL = 11  # seconds after ready in which Skiff may still warm itself


def saturated_and_open(options, ways, factor):
    """Of each round, for each way, a pair of targets, the result at saturation and the one of an open loop at so many times that rate."""
    with Fleet(options) as fleet:
        for number in range(options.rounds):
            results = []
            for closed, opened in ways:
                with fleet.server(closed.server) as server:
                    closed.await_answer(server)
                    saturated = closed.run(options, server, number)
                    results.append((saturated, opened.run(options, server, number, "--rate", f"{factor * rate(saturated):.1f}")))
            yield results


def tail(options):
    """Beside that of Rust, since what a machine adds to a tail comes to both. The load tester warms up before, or the tail is its own."""
    warm = ["--rehearse", "4s"]
    return tail_row(list(saturated_and_open(options, [
        [Target(f"{name}-{loop}", name, path, DIGIT, ANSWER, warm) for loop in ("saturated", "tail")]
        for name, path in (("skiff", "/predict/digits"), ("rust-axum-ort", "/predict"))], 0.7)))


def tail_row(rounds):
    values, others = ([run["latency"]["p99Micros"] / run["latency"]["p50Micros"] for _, run in way] for way in zip(*rounds))
    ours = [way[0] for way in rounds]
    runs = [run for way in rounds for both in way for run in both]
    return Row("tail", "p99 over p50 at 70 % of the saturated rate", "5", "3", values, runs,
               f"{statistics.median(run['latency']['p50Micros'] for _, run in ours):,.0f} and "
               f"{statistics.median(run['latency']['p99Micros'] for _, run in ours):,.0f} us at "
               f"{statistics.median(0.7 * rate(saturated) for saturated, _ in ours):,.0f} requests/s; "
               f"Rust's {statistics.median(others):.0f} ({min(others):.0f} to {max(others):.0f}); lower is better" + errors(runs))


def overload(options):
    """With more connections than may wait (--queue-limit), so that the server refuses and not the load tester holds back."""
    closed = Target("capacity", "skiff-dense", "/predict/joined", dense_row, None, ["--connections", "64", "--timeout", "30s"])
    opened = Target("overload", "skiff-dense", "/predict/joined", dense_row, None, ["--connections", "512", "--timeout", "30s"])
    return overload_row([results[0] for results in saturated_and_open(options, [(closed, opened)], 2)])


def overload_row(rounds):
    refusals = [run["errorLatency"].get("503") for _, run in rounds]
    if not all(refusals):
        raise Unmeasurable("nothing was refused at twice the capacity; errors: " + ", ".join(str(run["errors"]) for _, run in rounds))
    late = [latency["p99Micros"] / 1000 for latency in refusals]
    return Row("overload", "goodput at twice the capacity over the capacity", "0.9", "",
               [rate(run) / rate(saturated) for saturated, run in rounds], [run for both in rounds for run in both],
               f"p99 of the refusals {statistics.median(late):,.1f} ms ({min(late):,.1f} to {max(late):,.1f}; must: 5); "
               f"capacity {statistics.median(rate(saturated) for saturated, _ in rounds):,.0f} requests/s"
               + errors((run for both in rounds for run in both), but="503"))


def runtime(options):
    target = Target("resnet", "skiff-resnet", "/v2/models/resnet/infer", binary_image, None, ["--connections", "4"], BINARY)
    values, runs, loops = [], [], []
    with Fleet(options) as fleet:
        for number in range(options.rounds):
            with fleet.server(target.server) as server:
                target.await_answer(server)
                if not loops:
                    time.sleep(REHEARSAL)  # it would be beside the loop
                loops.append(bare_loop(options))
                runs.append(target.run(options, server, number))
            values.append(rate(runs[-1]) / loops[-1])
    return Row("runtime", "rows/s over those of a bare loop of ONNX Runtime, ResNet-18-sized, V2 binary", "0.95", "0.99", values, runs,
               f"{statistics.median(map(rate, runs)):,.1f} against {statistics.median(loops):,.1f} rows/s" + errors(runs))


def bare_loop(options):
    """Rows/s of peers/ort-loop on the servers' core, without its first two seconds."""
    settings = {"JAVA": str(jdk()), "MODEL": str(made("resnet") / "resnet/model.onnx"), "DURATION": str(options.seconds + 2)}
    loop = subprocess.run(["taskset", "-c", str(options.server_core), BENCH / "peers/ort-loop/start"],
                          env={**os.environ, **settings}, capture_output=True, text=True)
    if loop.returncode != 0:
        raise Unmeasurable(f"peers/ort-loop failed: {loop.stderr}")
    rows = statistics.mean(map(int, loop.stdout.split()[2:]))
    say(f"ort-loop {rows:,.1f} rows/s")
    return rows


def from_ready(options, name, measure, must, aim, idle, second):
    """A second of load after the start over the steady rate, which is the median of the run's last five seconds."""
    target = Target(name, "skiff", "/predict/digits", DIGIT, ANSWER)
    values, runs = [], []
    for number in range(options.rounds):
        server = Server("skiff", options)
        process, out = target.load(options, server.port, f"{name}-{number}.json",
                                   "--rehearse", "4s", "--await", f"http://127.0.0.1:{server.port}/health/ready",
                                   "--idle", f"{idle}s", "--warm-up", "0s", "--duration", f"{options.start_seconds}s")
        process.stderr.readline()  # the rehearsal is over
        with server.running():
            result = target.finish(process, out)
        seconds = result["requestsPerSecond"]
        steady = statistics.median(seconds[-5:])
        if steady == 0:
            raise Unmeasurable(f"Skiff answered nothing in most of the last five seconds: {seconds}")
        values.append(seconds[second] / steady)
        runs.append(result)
        say(f"round {number}: {seconds}")
    first = [round(statistics.median(column)) for column in zip(*(run["requestsPerSecond"][:5] for run in runs))]
    return Row(name, measure, must, aim, values, runs, f"requests in the first seconds: {', '.join(map(str, first))}" + errors(runs))


def start(options):
    return from_ready(options, "start", "second second after ready over the steady rate", "0.35", "0.8", 0, 1)


def idle(options):
    return from_ready(options, "idle", "first second of load, five idle seconds after ready, over the steady rate", "0.8", "0.95", 5, 0)


SINGLES = {"runtime": runtime, "tail": tail, "overload": overload, "start": start, "idle": idle}
