"""The answers of small models on a GPU beside those on the CPU, what each model runs on, and what the metrics say of the GPU."""
import collections
import http.client
import json
import statistics

from .networks import CLOSE, await_ready, environment, java, make
from .rows import Row
from .servers import SERVERS, WORK, Server, Unmeasurable


def leaves(reply):
    """The numbers and texts in a reply, in their order."""
    if isinstance(reply, dict):
        reply = list(reply.values())
    return [leaf for part in reply for leaf in leaves(part)] if isinstance(reply, list) else [reply]


def deviation(expected, got):
    """The largest difference of two answers' numbers, over the largest number of the first; none where they differ in more."""
    expected, got = leaves(expected), leaves(got)
    numbers, others = [], []
    for pair in zip(expected, got):
        (numbers if all(isinstance(leaf, (int, float)) for leaf in pair) else others).append(pair)
    if len(expected) != len(got) or any(a != b for a, b in others):
        return None
    largest = max((abs(a) for a, _ in numbers), default=0)
    return max((abs(a - b) for a, b in numbers), default=0) / (largest or 1)


def ask(port, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"} if body else {})
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def answers(options, name, provider, folder):
    """What the server says of its models' health, its answers by model, and its metrics of the GPU."""
    SERVERS[name] = lambda port: (java("--host", "127.0.0.1", "--port", port, "--provider", provider, folder), environment())
    with Server(name, options).running() as server:
        await_ready(server)
        health = {model["name"]: model for model in json.loads(ask(server.port, "/health"))["models"]}
        replies = {model: json.loads(ask(server.port, f"/predict/{model}", (folder / model / "request.json").read_bytes()))
                   for model in health}
        gpu = [line for line in ask(server.port, "/metrics").splitlines() if line.startswith("skiff_gpu_")]
    return health, replies, gpu


def compared(model, provider, health, expected, got):
    """One model as it is kept in the row; "wrong" says what is."""
    difference = deviation(expected, got)
    run = {"model": model, "provider": health.get("execution_provider"), "nodes": health.get("nodes"), "difference": difference}
    if health["state"] != "ready":
        return {**run, "wrong": health["reason"]}
    if run["provider"] != provider:
        return {**run, "wrong": f"it runs on {run['provider']}"}
    if difference is None or difference > CLOSE:
        return {**run, "wrong": f"the answer is {str(got)[:60]}, and the CPU's {str(expected)[:60]}"}
    return run


def measure(options):
    """A row with the difference for each model; then, where one of them is wrong, why."""
    folder = WORK / "operators"
    make(options, "operators", folder)
    expected = answers(options, "answers-on-cpu", "cpu", folder)[1]
    health, replies, gpu = answers(options, "answers", "auto" if options.provider == "cuda" else options.provider, folder)
    runs = [compared(model, options.provider, health[model], expected[model], replies[model]) for model in sorted(expected)]
    wrong = collections.defaultdict(list)
    for run in runs:
        if "wrong" in run:
            wrong[run["wrong"]].append(run["model"])
    faults = [f"{', '.join(models)}: {reason}" for reason, models in wrong.items()]
    if options.provider == "cuda" and not gpu:
        faults.append("there are no metrics of the GPU")
    differences = [run["difference"] for run in runs if run["difference"] is not None]
    if differences:
        yield Row(f"{options.name}-answers", "the largest difference from the CPU's answer, over its largest number, by model", f"{CLOSE}", "",
                  differences, [*runs, {"metrics": gpu}],
                  f"{len(runs)} models, {sum(map(len, wrong.values()))} wrong; median {statistics.median(differences):.1e}")
    if faults:
        raise Unmeasurable("; ".join(faults))
