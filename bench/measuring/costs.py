"""The rows about what one request costs in the JVM: its numbers from JSON to a tensor, and what it allocates."""
import json
import re
import statistics
import urllib.request

from .cores import run_on
from .rows import Row, errors, taken
from .servers import ROOT, WORK, Fleet, Unmeasurable
from .targets import ANSWER, DIGIT, Target

NUMBERS = 150_528
BODY = len("[") + NUMBERS * len("0.12345678,")  # what TensorReaderBenchmark reads, with its last bracket for the last comma
ALLOCATED = "jvm_gc_memory_allocated_bytes_total"
ANSWERED = 'skiff_request_duration_seconds_count{model="digits"'


def json_tensors(options):
    """A round is a JVM of its own, which JMH forks."""
    out = WORK / "jmh.json"
    jmh = f"TensorReader -p numbers={NUMBERS} -bm thrpt -tu s -f {options.rounds} -wi {options.seconds} -i {options.seconds} -rf json -rff {out}"
    run, losses = run_on(options.server_core, [ROOT / "mvnw", "-q", "-Pjmh", "-pl", "server,bench/jmh", "-am", "-Dmaven.test.skip=true",
                                               "-Dformat.skip=true", "-Djacoco.skip=true", "-Dcyclonedx.skip=true", "package",
                                               f"-Djmh={jmh}"], cwd=ROOT)
    if run.returncode != 0:
        raise Unmeasurable(f"bench/jmh failed: {(run.stderr or run.stdout)[-500:]}")
    return json_row(json.loads(out.read_text()), losses)


def json_row(benchmarks, losses):
    """Of what JMH writes: for each fork the operations/s of each iteration. What was taken is of all of it, with its build."""
    (benchmark,) = benchmarks
    rates = [[rate * BODY / 1e6 for rate in fork] for fork in benchmark["primaryMetric"]["rawData"]]
    runs = [{"megabytesPerSecond": [round(rate, 1) for rate in fork], "jdk": benchmark["jdkVersion"], "jvm": benchmark["vmVersion"],
             "taken": losses}
            for fork in rates]
    return Row("json", f"MB/s of a JSON body of {NUMBERS:,} numbers, read into a tensor's memory", "400", "1,000",
               [*map(statistics.median, rates)], runs, f"JMH, {BODY:,} bytes, one core" + taken(runs))


def allocation(options):
    target = Target("allocation", "skiff", "/predict/digits", DIGIT, ANSWER)
    runs = []
    with Fleet(options) as fleet:
        for number in range(options.rounds):
            with fleet.server(target.server) as server:
                target.await_answer(server)
                target.warm_up(options, server)
                before = scrape(server)
                run = target.run(options, server, number)
                allocated, answered = (after - then for after, then in zip(scrape(server), before))
            runs.append({**run, "allocatedBytes": allocated, "answered": answered})
    return allocation_row(runs)


def allocation_row(runs):
    if not all(run["answered"] and run["allocatedBytes"] for run in runs):
        raise Unmeasurable("the server's metrics say that it answered nothing, or allocated nothing")
    return Row("allocation", "KiB of heap allocated for each /predict", "8", "2",
               [run["allocatedBytes"] / run["answered"] / 1024 for run in runs], runs,
               f"of the whole server, by {ALLOCATED}, in {min(run['answered'] for run in runs):,.0f} requests a round or more; lower is better"
               + errors(runs) + taken(runs))


def scrape(server):
    """What the server has allocated since its start, and how many requests it has answered."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as response:
        return values(response.read().decode())


def values(metrics):
    return [sum(float(value) for value in re.findall(rf"^{re.escape(name)}.* (\S+)$", metrics, re.MULTILINE))
            for name in (ALLOCATED, ANSWERED)]


COSTS = {"json": json_tensors, "allocation": allocation}
