"""The rows that load one server in a way of their own."""
import os
import statistics

from .cores import Watch, children_seconds, run_on
from .pairs import BINARY, dense_row
from .rows import Row, errors, taken
from .servers import BENCH, Fleet, Server, Unmeasurable, jdk, made, say
from .targets import ANSWER, DIGIT, Target, add_losses, binary_image, rate


def saturated_and_open(options, ways, factor):
    """Of each round, for each way, the results of its targets: the first at saturation, the others in an open loop at so many times that
    rate."""
    with Fleet(options) as fleet:
        for number in range(options.rounds):
            results = []
            for targets in ways:
                way, rest = [], []
                for target in targets:
                    with fleet.server(target.server) as server:
                        target.await_answer(server)
                        way.append(target.run(options, server, number, *rest))
                    rest = ["--rate", f"{factor * rate(way[0]):.1f}"]
                results.append(way)
            yield results


def tail(options):
    """Beside those of Rust, and of an echo at Skiff's rate: what the machine and the load tester add to a tail comes to all of them. The
    load tester warms up before, or the tail is its own."""
    def target(name, loop, path):
        return Target(f"{name}-{loop}", name, path, DIGIT, DIGIT if name == "echo" else ANSWER, ["--rehearse", "4s"])

    return tail_row(list(saturated_and_open(options, [
        [target("skiff", "saturated", "/predict/digits"), target("skiff", "tail", "/predict/digits"), target("echo", "tail", "/")],
        [target("rust-axum-ort", "saturated", "/predict"), target("rust-axum-ort", "tail", "/predict")]], 0.7)))


def tail_row(rounds):
    runs = [run for way_of_each in rounds for way in way_of_each for run in way]
    ours, echoes, rusts = zip(*((skiff[1], skiff[2], rust[1]) for skiff, rust in rounds))
    return Row("tail", "p99 over p50 at 70 % of the saturated rate", "5", "3", [*map(tail_of, ours)], runs,
               f"{in_micros(ours)} at {statistics.median(0.7 * rate(skiff[0]) for skiff, _ in rounds):,.0f} requests/s"
               f"; {undisturbed(ours)}; an echo at the same rate {spread(map(tail_of, echoes))}, {in_micros(echoes)}"
               f"; Rust at 70 % of its own {spread(map(tail_of, rusts))}, {in_micros(rusts)}; lower is better" + errors(runs) + taken(runs))


def tail_of(run):
    return run["latency"]["p99Micros"] / run["latency"]["p50Micros"]


def spread(values):
    values = [*values]
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def in_micros(runs):
    """The medians of the rounds."""
    p50, p99 = (statistics.median(run["latency"][key] for run in runs) for key in ("p50Micros", "p99Micros"))
    return f"{p50:,.0f} and {p99:,.0f} us"


def undisturbed(runs):
    """The median of the tails of those seconds in which the host took nothing from either core."""
    seconds = [(p99 / p50, max(stolen)) for run in runs
               for p50, p99, *stolen in zip(run["p50MicrosPerSecond"], run["p99MicrosPerSecond"], *run["stolenMillisPerSecond"].values())]
    quiet = [tail for tail, stolen in seconds if not stolen]
    return f"{spread(quiet)} in {len(quiet)} of {len(seconds)} seconds, of which the host took nothing" if quiet else (
        f"the host took a part of each of the {len(seconds)} seconds")


def overload(options):
    """With more connections than may wait (--queue-limit), so that the server refuses and not the load tester holds back."""
    closed = Target("capacity", "skiff-dense", "/predict/joined", dense_row, None, ["--connections", "64", "--timeout", "30s"])
    opened = Target("overload", "skiff-dense", "/predict/joined", dense_row, None, ["--connections", "512", "--timeout", "30s"])
    return overload_row([results[0] for results in saturated_and_open(options, [[closed, opened]], 2)])


def overload_row(rounds):
    refusals = [run["errorLatency"].get("503") for _, run in rounds]
    if not all(refusals):
        raise Unmeasurable("nothing was refused at twice the capacity; errors: " + ", ".join(str(run["errors"]) for _, run in rounds))
    late = [latency["p99Micros"] / 1000 for latency in refusals]
    runs = [run for both in rounds for run in both]
    return Row("overload", "goodput at twice the capacity over the capacity", "0.9", "",
               [rate(run) / rate(saturated) for saturated, run in rounds], runs,
               f"p99 of the refusals {statistics.median(late):,.1f} ms ({min(late):,.1f} to {max(late):,.1f}; must: 5); "
               f"capacity {statistics.median(rate(saturated) for saturated, _ in rounds):,.0f} requests/s"
               + errors(runs, but="503") + taken(runs))


def runtime(options):
    target = Target("resnet", "skiff-resnet", "/v2/models/resnet/infer", binary_image, None, ["--connections", "4"], BINARY)
    runs = []
    with Fleet(options) as fleet:
        for number in range(options.rounds):
            with fleet.server(target.server) as server:
                target.await_answer(server)
                target.warm_up(options, server)  # its rehearsal would be beside the loop
                loop = bare_loop(options)
                runs.append({**target.run(options, server, number), "bareLoop": loop})
    return runtime_row(runs)


def runtime_row(runs):
    loops = [run["bareLoop"]["meanRowsPerSecond"] for run in runs]
    return Row("runtime", "rows/s over those of a bare loop of ONNX Runtime, ResNet-18-sized, V2 binary", "0.95", "0.99",
               [rate(run) / loop for run, loop in zip(runs, loops)], runs,
               f"{statistics.median(map(rate, runs)):,.1f} against {statistics.median(loops):,.1f} rows/s"
               + errors(runs) + taken([*runs, *(run["bareLoop"] for run in runs)]))


def bare_loop(options):
    """Rows of each second of peers/ort-loop on the servers' core, without its first two, and what was taken from the core."""
    settings = {"JAVA": str(jdk()), "MODEL": str(made("resnet") / "resnet/model.onnx"), "DURATION": str(options.seconds + 2)}
    loop, losses = run_on(options.server_core, [BENCH / "peers/ort-loop/start"], env={**os.environ, **settings})
    if loop.returncode != 0:
        raise Unmeasurable(f"peers/ort-loop failed: {loop.stderr}")
    rows = [*map(int, loop.stdout.split()[2:])]
    mean = statistics.mean(rows)
    say(f"ort-loop {mean:,.1f} rows/s")
    return {"rowsPerSecond": rows, "meanRowsPerSecond": mean, "taken": losses}


def from_ready(options, name, measure, must, aim, idle, second):
    """A second of load after the start over the steady rate, which is the median of the run's last five seconds."""
    target = Target(name, "skiff", "/predict/digits", DIGIT, ANSWER)
    values, runs = [], []
    for number in range(options.rounds):
        server = Server("skiff", options)
        with Watch({"server": options.server_core, "client": options.client_core}) as watch:
            own = children_seconds()
            process, out = target.load(options, server.port, f"{name}-{number}.json",
                                       "--rehearse", "4s", "--await", f"http://127.0.0.1:{server.port}/health/ready",
                                       "--idle", f"{idle}s", "--warm-up", "0s", "--duration", f"{options.start_seconds}s")
            process.stderr.readline()  # the rehearsal is over
            with server.running():
                result = target.finish(process, out)
                cpu, own = server.cpu_seconds(), children_seconds() - own
        add_losses(result, watch, {"server": cpu, "client": own})
        seconds = result["requestsPerSecond"]
        steady = statistics.median(seconds[-5:])
        if steady == 0:
            raise Unmeasurable(f"Skiff answered nothing in most of the last five seconds: {seconds}")
        values.append(seconds[second] / steady)
        runs.append(result)
        say(f"round {number}: {seconds}")
    first = [round(statistics.median(column)) for column in zip(*(run["requestsPerSecond"][:5] for run in runs))]
    return Row(name, measure, must, aim, values, runs, f"requests in the first seconds: {', '.join(map(str, first))}" + errors(runs) + taken(runs))


def start(options):
    return from_ready(options, "start", "second second after ready over the steady rate", "0.35", "0.8", 0, 1)


def idle(options):
    return from_ready(options, "idle", "first second of load, five idle seconds after ready, over the steady rate", "0.8", "0.95", 5, 0)


SINGLES = {"runtime": runtime, "tail": tail, "overload": overload, "start": start, "idle": idle}
