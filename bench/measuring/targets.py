"""The requests that are measured, and one run of the load tester with them."""
import array
import functools
import http.client
import json
import math
import random
import subprocess
import time
from datetime import datetime

from .cores import Watch, children_seconds
from .servers import ROOT, TESTER, WORK, Unmeasurable, say

RUNS = WORK / "runs"
PATIENCE = 600  # seconds; a peer may build itself first
LONGER_WARM_UPS = {"skiff-route": 60}  # seconds: Javalin's route and the servlets are large, and have no rehearsal
NEVER = {400, 401, 403, 405, 411, 413, 415, 422, 501}  # no server that is only not ready yet answers so

DIGIT = json.loads((ROOT / "models/digits/sample.json").read_text())["instances"][0]
ANSWER = json.loads((ROOT / "models/digits/reply.json").read_text())["predictions"][0]
IRIS = [5.1, 3.5, 1.4, 0.2]
IMAGE = [1, 3, 224, 224]


def numbers(reply):
    """The longest list of numbers in a reply, whatever its form."""
    if isinstance(reply, list) and reply and all(isinstance(item, (int, float)) for item in reply):
        return reply
    parts = reply.values() if isinstance(reply, dict) else reply if isinstance(reply, list) else []
    return max((numbers(part) for part in parts), key=len, default=[])


def v2(name, shape, datatype="FP32", asked=None, **tensor):
    """A request in V2; what is asked are its own parameters."""
    parameters = {"parameters": asked} if asked else {}
    return json.dumps({**parameters, "inputs": [{"name": name, "shape": shape, "datatype": datatype, **tensor}]}).encode()


@functools.cache
def pixels():
    """150,528 floats in FP32, as text of eight digits each and as bytes."""
    generator = random.Random(1)
    texts = [f"{generator.random():.8f}" for _ in range(math.prod(IMAGE))]
    return texts, array.array("f", map(float, texts))


def json_image():
    return v2("image", IMAGE, data=[]).replace(b"[]", b"[" + ",".join(pixels()[0]).encode() + b"]")


def binary_header():
    return v2("image", IMAGE, parameters={"binary_data_size": 4 * math.prod(IMAGE)})


def binary_image():
    return binary_header() + pixels()[1].tobytes()


def channel_means():
    values, plane = pixels()[1], IMAGE[2] * IMAGE[3]
    return [math.fsum(values[at:at + plane]) / plane for at in range(0, len(values), plane)]


class Target:
    """One request to one server; the numbers that the reply must have (none: any); more arguments of the load tester. The body and
    the answer are functions where they cost time or are made with a model."""

    def __init__(self, name, server, path, body, answer=None, arguments=(), headers=None):
        self.name, self.server, self.path, self.arguments = name, server, path, arguments
        self.make_body, self.make_answer = body, answer
        self.headers = headers or {"Content-Type": "application/json"}

    @functools.cached_property
    def content(self):
        return self.make_body() if callable(self.make_body) else json.dumps(self.make_body).encode()

    @functools.cached_property
    def answer(self):
        return self.make_answer() if callable(self.make_answer) else self.make_answer

    def write_body(self):
        file = WORK / f"{self.name}.body"
        file.write_bytes(self.content)
        return file

    def await_answer(self, server):
        """Asks until the server answers, and compares the answer."""
        end = time.monotonic() + PATIENCE
        while True:
            if server.ended():
                raise Unmeasurable(f"{server.name} ended: {server.complaint()}")
            status, reply = self.ask(server.port)
            if status == 200:
                break
            if status in NEVER:
                raise Unmeasurable(f"{server.name} answers {status}: {reply[:200].decode(errors='replace')}")
            if time.monotonic() > end:
                raise Unmeasurable(f"{server.name} did not answer within {PATIENCE} s: {server.complaint()}")
            time.sleep(0.2)
        if self.answer is None:
            return
        got = numbers(json.loads(reply))
        if len(got) != len(self.answer) or not all(
                math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-6) for a, b in zip(got, self.answer)):
            raise Unmeasurable(f"{server.name} answers {reply[:200].decode(errors='replace')}, not {self.answer}")

    def ask(self, port, timeout=30):
        """The status and the body of the reply; 0 where there is none within so many seconds."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            connection.request("POST", self.path, self.content, self.headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def load(self, options, port, out, *arguments):
        """The load tester's process, and the file that it will write."""
        kind, *headers = [f"{name}: {value}" for name, value in self.headers.items()]
        command = ["taskset", "-c", options.client_core, *TESTER, "run", "--url", f"http://127.0.0.1:{port}{self.path}",
                   "--body", self.write_body().relative_to(ROOT), "--content-type", kind.partition(": ")[2],
                   *(argument for header in headers for argument in ("--header", header)),
                   "--name", self.name, "--out", RUNS / out, *self.arguments, *arguments]
        return subprocess.Popen([*map(str, command)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                text=True), RUNS / out

    def finish(self, process, out):
        errors = process.communicate()[1]
        if process.returncode != 0:
            raise Unmeasurable(f"the load test of {self.name} failed: {errors.strip() or 'no request succeeded'}")
        return json.loads(out.read_text())

    def warm_up(self, options, server):
        """The first load of this request since the server's start, in a run of its own, so that it counts in nothing. Says for how long
        the load tester is to go on with that before it measures."""
        request = self.path, self.content
        if request in server.warm or not options.first_warm_up:
            return f"{options.warm_up}s"
        seconds = max(options.first_warm_up, LONGER_WARM_UPS.get(server.name, 0))
        self.finish(*self.load(options, server.port, f"{self.name}-first.json", "--warm-up", "0s", "--duration", f"{seconds}s"))
        server.warm.add(request)
        return "stable"

    def run(self, options, server, number, *arguments):
        """One run as its result, with the server's CPU time for each request in it, and what was taken from the cores."""
        warm_up = self.warm_up(options, server)
        with Watch({"server": options.server_core, "client": options.client_core}) as watch:
            cpu, own = server.cpu_seconds(), children_seconds()
            result = self.finish(*self.load(options, server.port, f"{self.name}-{number}.json", "--warm-up", warm_up,
                                            "--duration", f"{options.seconds}s", *arguments))
            cpu, own = server.cpu_seconds() - cpu, children_seconds() - own
        requests = result["requests"] + sum(result["warmUpRequestsPerSecond"])
        result["serverCpuMicrosPerRequest"] = round(cpu * 1e6 / requests, 1)
        add_losses(result, watch, {"server": cpu, "client": own})
        say(f"round {number}: {self.name} {rate(result):,.0f} requests/s, {result['serverCpuMicrosPerRequest']} us of CPU each, "
            f"{result['errors'] or 'no errors'}; {result['taken']}")
        return result


def add_losses(result, watch, own_seconds):
    """What was taken from the cores, of the whole run, and what the host took of each measured second."""
    result["taken"] = watch.taken(own_seconds)
    start = datetime.fromisoformat(result["time"]).timestamp()
    result["stolenMillisPerSecond"] = watch.stolen_millis(start, len(result["requestsPerSecond"]))


def rate(result):
    return result["meanRequestsPerSecond"]
