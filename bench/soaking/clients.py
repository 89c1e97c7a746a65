"""Those who ask: each a function that does one turn with a generator of random numbers of its own."""
import collections
import itertools
import threading
import time
import traceback

from .requests import BAD, GOOD, counted, reloaded
from .wire import Connection, Lost, ask, get

PAUSE = 0.004  # seconds, at most, between two turns: the soak looks for what time does, not for the highest rate
BURST = 40  # requests at once to a model that only a few may wait for
QUEUE = 8
FIRST = 20  # failures that are told
PROBE = 3  # seconds that Kubernetes waits for a probe; two in a row that take longer put a pod out of service (deploy/kubernetes)


class Tally:
    """Counts what came back, by the client and the kind; keeps the first failures. Of all threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.failures = []
        self.failed = 0
        self.probes = []  # seconds, in their order
        self.start = time.monotonic()

    def count(self, *key):
        with self.lock:
            self.counts[" ".join(map(str, key))] += 1

    def fail(self, *what):
        with self.lock:
            self.failed += 1
            if len(self.failures) < FIRST:
                self.failures.append(f"{time.monotonic() - self.start:.3f} s: " + ": ".join(map(str, what)))

    def probe(self, seconds):
        self.probes.append(seconds)

    def late_probes(self):
        """How many in a row were late, at most."""
        return max(len(list(group)) if late else 0 for late, group in itertools.groupby(self.probes, lambda seconds: seconds > PROBE))

    def check(self, client, request, reply):
        self.count(client, request.name, reply.status)
        if wrong := request.wrong(reply):
            self.fail(client, request.name, wrong)


class Clients:
    """The turns. A keep-alive connection of each thread is in its own `self.connections`."""

    def __init__(self, port, tally):
        self.port, self.tally = port, tally
        self.own = threading.local()

    def connection(self):
        if getattr(self.own, "connection", None) is None:
            self.own.connection = Connection(self.port)
        return self.own.connection

    def drop(self):
        if getattr(self.own, "connection", None) is not None:
            self.own.connection.close()
            self.own.connection = None

    def exchange(self, client, request):
        connection = self.connection()
        try:
            connection.send(request.data)
            reply = connection.reply()
        except Lost as error:
            raise Lost(f"{request.name}: {error}") from error
        self.tally.check(client, request, reply)
        if reply.closes():
            self.drop()

    def steady(self, random):
        self.exchange("steady", random.choice(GOOD)(random))

    def refused(self, random):
        """A bad request and, on the same connection where it stays, a good one."""
        self.exchange("bad", random.choice(BAD))
        self.exchange("after bad", random.choice(GOOD)(random))

    def pipelined(self, random):
        connection = self.connection()
        sent = [random.choice(GOOD)(random) for _ in range(random.randrange(2, 17))]
        connection.send(b"".join(request.data for request in sent))
        for request in sent:
            self.tally.check("pipelined", request, connection.reply())

    def slow(self, random):
        """Head and body in pieces, over a second or so."""
        request = random.choice(GOOD)(random)
        connection = self.connection()
        pieces = random.randrange(2, 20)
        for at in range(pieces):
            length = len(request.data)
            connection.send(request.data[at * length // pieces:(at + 1) * length // pieces])
            time.sleep(random.random() / 10)
        self.tally.check("slow", request, connection.reply())

    def aborted(self, random):
        """Gone in the head, in the body, or before the reply, with a goodbye or a reset; or silent, but still there for the reply."""
        request = counted(random, 20_000) if random.random() < 0.3 else random.choice(GOOD)(random)
        with Connection(self.port) as connection:
            connection.send(request.data[:random.randrange(len(request.data) + 1)] if random.random() < 0.7 else request.data)
            if random.random() < 0.5:
                connection.reset()
        self.tally.count("aborted", request.name)
        request = random.choice(GOOD)(random)
        with Connection(self.port) as connection:
            connection.send(request.data)
            connection.finish()
            self.tally.check("half closed", request, connection.reply())

    def burst(self, random):
        sent = []
        try:
            for _ in range(BURST):
                deadline = {"X_Request_Timeout_Ms": 5} if random.random() < 0.2 else {}
                sent.append((counted(random, random.randrange(1000, 4000), **deadline), Connection(self.port)))
            for request, connection in sent:
                connection.send(request.data)
            for request, connection in sent:
                self.tally.check("burst", request, connection.reply())
        finally:
            for _, connection in sent:
                connection.close()
        time.sleep(random.random())

    def reload(self, random):
        self.exchange("reload", reloaded(random))
        time.sleep(random.random() / 2)

    def probe(self, _):
        start = time.monotonic()
        status = ask(self.port, get("/health/ready")).status
        self.tally.probe(time.monotonic() - start)
        self.tally.count("probe", status)
        if status != 200:
            self.tally.fail("probe", f"status {status}")
        time.sleep(0.1)

    def crowd(self):
        return [self.steady] * 3 + [self.refused, self.pipelined, self.slow, self.slow, self.aborted, self.burst, self.reload, self.probe]

    def keep(self, turn, random, ended):
        """Turn after turn until the end."""
        while not ended.is_set():
            try:
                turn(random)
            except (Lost, OSError) as error:
                self.tally.fail(turn.__name__, error)
                self.drop()
            except Exception:  # such as a reply that is no JSON
                self.tally.fail(turn.__name__, traceback.format_exc(limit=-2))
                self.drop()
            time.sleep(random.random() * PAUSE)
        self.drop()
