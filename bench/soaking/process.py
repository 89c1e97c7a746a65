"""The server under soak: its start and end, and what it holds."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import time

from measuring.servers import IMAGES, ROOT, Unmeasurable, jdk

from .clients import QUEUE
from .wire import Lost, ask, get

PATIENCE = 240  # seconds, for a machine that has a tenth of its time for this
FIXTURES = ROOT / "server/src/test/fixtures"
MODELS = [ROOT / "models/iris", ROOT / "models/digits", *(FIXTURES / name for name in ("identity-fp32", "slow", "fails", "huge", "broken"))]


def repository(folder):
    shutil.rmtree(folder, ignore_errors=True)
    for model in MODELS:
        shutil.copytree(model, folder / model.name)
    (folder / "digits/labels.txt").unlink()
    (folder / "slow/model.json").write_text(f'{{"queue-limit": {QUEUE}}}')
    return folder


def options(home):
    """The image's own, but for where its files lie, with the heap of a pod of 256 MB, all of it from the start: growth is of other memory."""
    lines = (ROOT / "image/jvm.options").read_text().splitlines()
    kept = [line for line in lines if line.startswith("-") and "native.path" not in line and "tmpdir" not in line]
    return [*kept, "-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", f"-Djava.io.tmpdir={home}"]


class Process:
    def __init__(self, skiff, work, port):
        self.log = work / "server.log"
        models, temporary = repository(work / "models"), work / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        command = [jdk(), *options(temporary), "-jar", skiff / "skiff.jar", "--host", "127.0.0.1", "--port", port, "--rehearsal", "0s",
                   "--model-control", "explicit", models]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SKIFF_")}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([*map(str, command)], stdout=log, stderr=log, env={**IMAGES, **environment})
        self.proc = pathlib.Path("/proc", str(self.process.pid))
        end = time.monotonic() + PATIENCE
        while not (ready := re.search(r" ready in .* on http://127.0.0.1:(\d+)$", self.log.read_text(errors="replace"), re.M)):
            if self.process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise Unmeasurable(f"the server did not get ready: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        self.port = int(ready[1])
        if ask(self.port, get("/health/ready")).status != 200:
            self.kill()
            raise Unmeasurable(f"a model is unavailable: {self.log.read_text(errors='replace')[-2000:]}")

    def holds(self):
        """What the process has now: kilobytes, threads, file descriptors, kilobytes of direct memory, requests."""
        status = (self.proc / "status").read_text()
        metrics = ask(self.port, get("/metrics")).body.decode()
        return {
            "residentKb": int(re.search(r"^VmRSS:\s+(\d+)", status, re.M)[1]),
            "threads": int(re.search(r"^Threads:\s+(\d+)", status, re.M)[1]),
            "fileDescriptors": len(list((self.proc / "fd").iterdir())),
            "directKb": round(metric(metrics, r'jvm_buffer_memory_used_bytes\{[^}]*id="direct"[^}]*\}') / 1024),
            "heapKb": round(sum(map(float, re.findall(r'^jvm_memory_used_bytes\{[^}]*area="heap"[^}]*\} (\S+)', metrics, re.M))) / 1024),
            "inFlight": round(metric(metrics, "skiff_requests_in_flight")) - 1,  # without this scrape
        }

    def live(self):
        """Kilobytes of the heap that a full collection leaves."""
        subprocess.run([jdk().with_name("jcmd"), str(self.process.pid), "GC.run"], stdout=subprocess.DEVNULL, check=True)
        return self.holds()["heapKb"]

    def cpu(self):
        """Seconds of CPU that it took so far."""
        fields = (self.proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rest(self, before, patience):
        """What it has when it has come to rest: no requests, and no more file descriptors than before, or after `patience` seconds."""
        end = time.monotonic() + patience
        while True:
            holds = self.holds()
            if holds["inFlight"] == 0 and holds["fileDescriptors"] <= before["fileDescriptors"] or time.monotonic() > end:
                return holds
            time.sleep(0.2)

    def stop(self):
        """The exit code."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(PATIENCE)
        self.kill()
        raise Lost(f"still running {PATIENCE} s after SIGTERM")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def complaints(self):
        """The lines of the log by level, above information."""
        text = self.log.read_text(errors="replace")
        return {level: len(re.findall(rf"^\S+ {level}\b", text, re.M)) for level in ("WARN", "ERROR")}


def metric(text, name):
    found = re.search(rf"^{name} (\S+)", text, re.M)
    if not found:
        raise Unmeasurable(f"/metrics has no {name}")
    return float(found[1])
