"""What a result was measured on and from: it stands in every file of results."""
import os
import shlex
import subprocess
import sys
import time

from .servers import ROOT


def git(*arguments):
    return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def commit():
    """The environment's COMMIT, which names that of a copy without its history; else the commit of this tree."""
    if name := os.environ.get("COMMIT"):
        return name
    return git("rev-parse", "HEAD") + ("-dirty" if git("status", "--porcelain", "--untracked-files=no") else "")


def circumstances(name, options):
    """Of what begins now. The load tester takes the commit from the environment: the results that are written on the way are not what is
    measured."""
    os.environ["COMMIT"] = commit()
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit(), "command": shlex.join([name, *sys.argv[1:]]),
        "servers on core": options.server_core, "load": f"1-minute average {os.getloadavg()[0]:.1f} before",
    }


def machine(options):
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    return f"{os.cpu_count()} cores of {cpu}; servers on core {options.server_core}, load tester on {options.client_core}"
