"""What else took the cores of a run: the host, which has other machines to run, and other processes of this one."""
import bisect
import pathlib
import resource
import subprocess
import threading
import time

INTERVAL = 0.5  # seconds; each look takes a part of a millisecond from one of the cores
TICK_MILLIS = 10


def parse(cores):
    """Of a list as taskset has it, such as 0-2,4."""
    parts = (part.partition("-") for part in str(cores).split(","))
    return {core for first, _, last in parts for core in range(int(first), int(last or first) + 1)}


def counters(stat, cores):
    """Milliseconds of these cores since the machine's start: those in processes, and those stolen, when they had work and the host ran
    something else."""
    names = {f"cpu{core}" for core in cores}
    fields = [[int(field) for field in line.split()[1:9]] for line in stat.splitlines() if line.split(" ", 1)[0] in names]
    return TICK_MILLIS * sum(sum(field[:3]) for field in fields), TICK_MILLIS * sum(field[7] for field in fields)


class Watch:
    """Looks at the counters while a block runs. The cores are by role, such as "server"."""

    def __init__(self, cores):
        self.cores = {role: parse(listed) for role, listed in cores.items()}
        self.times, self.samples = [], []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        self.sample()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.sample()

    def look(self):
        while not self.over.wait(INTERVAL):
            self.sample()

    def sample(self):
        stat = pathlib.Path("/proc/stat").read_text()
        self.times.append(time.time())
        self.samples.append({role: counters(stat, cores) for role, cores in self.cores.items()})

    def taken(self, own_seconds):
        """By role the percentages of the core's time that the host had, and others than those whose CPU time is known."""
        taken = {}
        for role, cores in self.cores.items():
            busy, stolen = (last - first for first, last in zip(self.samples[0][role], self.samples[-1][role]))
            percent = (self.times[-1] - self.times[0]) * len(cores) * 10  # in milliseconds
            taken[role] = {"hostPercent": round(stolen / percent, 2),
                           "othersPercent": round(max(0, busy - 1000 * own_seconds[role]) / percent, 2)}
        return taken

    def stolen_millis(self, start, seconds):
        """By role in each of these whole seconds. The kernel counts in steps of 10 ms, so less may be none."""
        moments = [start + second for second in range(int(seconds) + 1)]
        return {role: [round(self.stolen(role, end) - self.stolen(role, begin)) for begin, end in zip(moments, moments[1:])]
                for role in self.cores}

    def stolen(self, role, moment):
        """Until then; between two looks in proportion."""
        after = min(max(bisect.bisect(self.times, moment), 1), len(self.times) - 1)
        begin, end = self.times[after - 1], self.times[after]
        before, then = self.samples[after - 1][role][1], self.samples[after][role][1]
        return before + (then - before) * min(max((moment - begin) / (end - begin), 0), 1)


def children_seconds():
    """CPU time of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_on(core, command, **settings):
    """Runs a command on the servers' core to its end. Also says what was taken from it."""
    with Watch({"server": core}) as watch:
        own = children_seconds()
        run = subprocess.run(["taskset", "-c", str(core), *command], capture_output=True, text=True, **settings)
        own = children_seconds() - own
    return run, watch.taken({"server": own})
