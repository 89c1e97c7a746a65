"""The processes that are measured, and how each is started."""
import contextlib
import functools
import os
import pathlib
import signal
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
WORK = BENCH / "target"
SKIFF = pathlib.Path(os.environ.get("BENCH_LAYOUT", WORK / "skiff")).resolve()
SKIFF_JAVA = SKIFF / "jre/bin/java"
TESTER = [SKIFF_JAVA, "-jar", WORK / "skiff-bench.jar"]
IMAGES = {"ORT_DISABLE_TELEMETRY": "1", "MALLOC_ARENA_MAX": "2"}  # what the images set


class Unmeasurable(Exception):
    """Says why a row has no value."""


FAILURES = (Unmeasurable, OSError, ValueError, subprocess.SubprocessError)  # the last three are what Python says for the same


def say(text):
    print(text, file=sys.stderr, flush=True)


def jdk():
    """The java of a JDK 25, which bench/layout needs too."""
    homes = [pathlib.Path(os.environ["JAVA25_HOME"])] if os.environ.get("JAVA25_HOME") else []
    for home in [*homes, *sorted(pathlib.Path("/usr/lib/jvm").glob("*25*"))]:
        if (home / "bin/javac").exists():
            return home / "bin/java"
    raise Unmeasurable("there is no JDK 25; name one in JAVA25_HOME")


@functools.cache
def made(name):
    """The repository of a model that does not ship."""
    subprocess.run([BENCH / "models/make"], check=True)
    return WORK / name


def skiff(port, models, *flags):
    return [SKIFF_JAVA, f"-XX:AOTCache={SKIFF}/app.aot", f"@{SKIFF}/jvm.options", "-jar", SKIFF / "skiff.jar",
            "--host", "127.0.0.1", "--port", port, *flags, models], IMAGES


def peer(name, **environment):
    return lambda port: ([BENCH / "peers" / name / "start"], environment)


# The name of each server, and its command and environment when it listens on a port.
SERVERS = {
    "skiff": lambda port: skiff(port, WORK / "models"),
    "skiff-route": lambda port: skiff(port, WORK / "models", "--fast-lane", "false"),
    "skiff-mlp": lambda port: skiff(port, made("mlp/models")),
    "skiff-dense": lambda port: skiff(port, made("dense/models")),
    "skiff-channels": lambda port: skiff(port, made("channels")),
    "skiff-resnet": lambda port: skiff(port, made("resnet")),
    "jetty-echo": lambda port: ([BENCH / "peers/jetty-echo/start"], {"JAVA": str(jdk())}),
    "echo": lambda port: ([*TESTER, "echo", "--port", port], {}),
    "rust-axum-ort": peer("rust-axum-ort", ORT_DYLIB_PATH=str(SKIFF / "native/libonnxruntime.so")),
    "go-ort": peer("go-ort", ORT_DYLIB_PATH=str(SKIFF / "native/libonnxruntime.so")),
    "fastapi-onnxruntime": peer("fastapi-onnxruntime"),
    "fastapi-joblib": peer("fastapi-joblib"),
    "mlserver": peer("mlserver"),
    "litserve": peer("litserve"),
    "bentoml": peer("bentoml"),
}


class Server:
    """A process on the servers' core, from its start to its stop."""

    def __init__(self, name, options):
        self.name = name
        self.port = options.port + 2 * list(SERVERS).index(name)  # MLServer takes two
        self.core = options.server_core
        self.log = WORK / f"{name}.log"
        self.warm = set()  # names of the targets that were loaded since the start

    def start(self):
        say(f"start {self.name}")
        command, environment = SERVERS[self.name](self.port)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(self.core), *map(str, command)], stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "HOST": "127.0.0.1", "PORT": str(self.port), "WORKERS": "1", **environment})

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # LitServe leaves its worker behind

    @contextlib.contextmanager
    def running(self):
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def ended(self):
        return self.process.poll() is not None

    def complaint(self):
        """The last line that it wrote."""
        lines = self.log.read_text(errors="replace").split("\n")
        return f"{next((line for line in reversed(lines) if line.strip()), 'it wrote nothing')} ({self.log})"

    def cpu_seconds(self):
        """Of the process and all below it."""
        parents, ticks = {}, {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                parents[int(stat.parent.name)] = int(fields[1])
                ticks[int(stat.parent.name)] = int(fields[11]) + int(fields[12])
        family = {self.process.pid}
        while children := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= children
        return sum(ticks.get(pid, 0) for pid in family) / os.sysconf("SC_CLK_TCK")


class Fleet:
    """The servers of a group of rows. They run until the end, idle while another is loaded; or, with --restart, alone, and anew for
    each round, so that no row hangs on what one just-in-time compilation made of it."""

    def __init__(self, options):
        self.options = options
        self.servers = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers.values():
            server.stop()

    @contextlib.contextmanager
    def server(self, name):
        if self.options.restart:
            with Server(name, self.options).running() as server:
                yield server
            return
        if name not in self.servers:
            server = Server(name, self.options)
            server.start()
            self.servers[name] = server
        yield self.servers[name]
