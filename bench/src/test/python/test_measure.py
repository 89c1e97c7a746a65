"""The logic of bench/measure against stubs: no load, no waits."""
import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BENCH = HERE.parents[2]
sys.path.insert(0, str(BENCH))

from measuring import circumstances, cores, costs, pairs, servers, singles, targets  # noqa: E402
from measuring.rows import Failure, Row  # noqa: E402


def stub(rate, reply="[1, 2]", status=200):
    return lambda port: ([sys.executable, HERE / "stub_server.py", port, rate, reply, status], {})


STUBS = {
    "fast": stub(300),
    "slow": stub(100),
    "refusing": stub(1, '{"error": "no such thing"}', 415),
    "wrong": stub(1, "[1, 3]"),
    "prose": stub(1, "none"),
    "ending": lambda _: ([sys.executable, "-c", "print('no flag --x')"], {}),
}


def free_base():
    """Of ports that no outgoing connection takes."""
    offsets = [2 * list(servers.SERVERS).index(name) for name in STUBS]
    for base in range(18200, 18400, 2 * len(STUBS)):
        try:
            for offset in offsets:
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", base + offset))
            return base
        except OSError:
            pass
    raise AssertionError("no ports are free")


class WithStubs(unittest.TestCase):
    def setUp(self):
        tester = list(servers.TESTER)
        servers.TESTER[:] = [sys.executable, HERE / "stub_tester.py"]
        self.addCleanup(lambda: servers.TESTER.__setitem__(slice(None), tester))
        for name, command in STUBS.items():
            servers.SERVERS[name] = command
            pairs.TARGETS[name] = targets.Target(name, name, "/", [1, 2], [1, 2])
            self.addCleanup(servers.SERVERS.pop, name)
            self.addCleanup(pairs.TARGETS.pop, name)
        core = min(os.sched_getaffinity(0))
        self.options = argparse.Namespace(
            rounds=2, seconds=3, warm_up=1, first_warm_up=0, restart=False, server_core=core, client_core=core, port=free_base())
        targets.RUNS.mkdir(parents=True, exist_ok=True)

    def rows(self, *sides):
        return list(pairs.measure(self.options, [pairs.Pair(under, "", "", "", over, under) for over, under in sides]))


class Pairs(WithStubs):
    def test_the_row_has_the_ratio_of_each_round(self):
        (row,) = self.rows(("fast", "slow"))

        self.assertEqual([3, 3], row.values)
        self.assertEqual({"1s"}, {run["arguments"]["--warm-up"] for run in row.runs})
        self.assertIn("300 against 100 requests/s", row.note)
        self.assertEqual(["fast-0", "fast-1", "slow-0", "slow-1"],
                         [pathlib.Path(run["arguments"]["--out"]).stem for run in row.runs])

    def test_a_server_stays_and_is_warm_from_the_second_round_on(self):
        self.options.first_warm_up = 4
        targets.LONGER_WARM_UPS["slow"] = 9
        self.addCleanup(targets.LONGER_WARM_UPS.pop, "slow")
        (row,) = self.rows(("fast", "slow"))

        self.assertEqual(["stable", "1s", "stable", "1s"], [run["arguments"]["--warm-up"] for run in row.runs])
        self.assertEqual(2, len({run["serverPid"] for run in row.runs}))
        firsts = [json.loads((targets.RUNS / f"{name}-first.json").read_text())["arguments"] for name in ("fast", "slow")]
        self.assertEqual([("0s", "4s"), ("0s", "9s")], [(first["--warm-up"], first["--duration"]) for first in firsts])

    def test_a_run_has_what_was_taken_from_the_cores(self):
        (row,) = self.rows(("fast", "slow"))

        for run in row.runs:
            self.assertEqual({"server", "client"}, run["taken"].keys())
            self.assertEqual({"server": [0] * 3, "client": [0] * 3}, run["stolenMillisPerSecond"])
        self.assertRegex(row.note, r"of a core the host took \S+ to \S+ %, other processes \S+ to \S+ %$")

    def test_the_load_tester_is_told_the_commit(self):
        self.addCleanup(setattr, circumstances, "git", circumstances.git)
        circumstances.git = lambda *_: "abc"
        os.environ.pop("COMMIT", None)
        self.addCleanup(os.environ.pop, "COMMIT")
        here = circumstances.circumstances("bench/measure", self.options)
        (row,) = self.rows(("fast", "slow"))

        self.assertEqual({"abc-dirty"}, {here["commit"], *(run["commit"] for run in row.runs)})

    def test_restarted_a_server_is_new_and_cold_in_each_round(self):
        self.options.restart, self.options.first_warm_up = True, 4
        (row,) = self.rows(("fast", "slow"))

        self.assertEqual(["stable"] * 4, [run["arguments"]["--warm-up"] for run in row.runs])
        self.assertEqual(4, len({run["serverPid"] for run in row.runs}))

    def test_what_cannot_be_measured_fails_and_says_why(self):
        failed, refused, wrong, prose, good = self.rows(
            ("fast", "ending"), ("fast", "refusing"), ("wrong", "slow"), ("prose", "slow"), ("fast", "slow"))

        self.assertIn("ending ended: no flag --x", failed.reason)
        self.assertIn('refusing answers 415: {"error": "no such thing"}', refused.reason)
        self.assertIn("wrong answers [1, 3], not [1, 2]", wrong.reason)
        self.assertIsInstance(prose, Failure)
        self.assertEqual([3, 3], good.values)
        self.assertIn("**FAILED**", failed.line())

    def test_no_server_outlives_the_rows(self):
        (row,) = self.rows(("fast", "slow"))

        for run in row.runs:
            self.assertFalse(pathlib.Path("/proc", str(run["serverPid"])).exists())

    def test_pairs_on_one_server_of_their_own_are_a_group(self):
        grouped = [[pair.name for pair in group] for group in pairs.groups(["http", "batching", "rust-axum-ort", "binary"])]

        self.assertEqual([["http", "rust-axum-ort"], ["batching"], ["binary"]], grouped)

    def test_every_pair_has_its_targets_and_every_target_its_server(self):
        for pair in pairs.PAIRS.values():
            for side in (pair.over, pair.under):
                self.assertIn(pairs.TARGETS[side].server, servers.SERVERS)


class OpenLoop(WithStubs):
    def test_its_rate_is_a_multiple_of_the_rounds_own_saturated_rate(self):
        ways = [[targets.Target(f"{server}-{loop}", server, "/", [1, 2], [1, 2]) for server, loop in way]
                for way in ([("fast", "closed"), ("fast", "opened"), ("slow", "opened")], [("slow", "closed"), ("slow", "opened")])]
        rounds = list(singles.saturated_and_open(self.options, ways, 0.7))

        self.assertEqual(2, len(rounds))
        for results in rounds:
            self.assertEqual([[None, "210.0", "210.0"], [None, "70.0"]], [[run["arguments"].get("--rate") for run in way] for way in results])

    TAKEN = {"taken": {"server": {"hostPercent": 0.4, "othersPercent": 1}, "client": {"hostPercent": 0.1, "othersPercent": 2.5}}}

    def tail(self, p50, p99, errors, stolen=(0, 0)):
        return {"latency": {"p50Micros": p50, "p99Micros": p99}, "errors": errors, "p50MicrosPerSecond": [2, 2], "p99MicrosPerSecond": [6, 99],
                "stolenMillisPerSecond": {"server": [0, stolen[0]], "client": [0, stolen[1]]}, **self.TAKEN}

    def tail_row(self, ours):
        saturated = {"meanRequestsPerSecond": 10, "errors": {}, **self.TAKEN}
        return singles.tail_row([[(saturated, ours, self.tail(1, 20, {})), (saturated, self.tail(3, 24, {}))]])

    def test_the_tail_is_the_p99_over_the_p50(self):
        row = self.tail_row(self.tail(2, 9, {"500": 1, "timeout": 2}))

        self.assertEqual([4.5], row.values)
        self.assertIn("an echo at the same rate 20.0 (20.0 to 20.0), 1 and 20 us; Rust at 70 % of its own 8.0 (8.0 to 8.0), 3 and 24 us", row.note)
        self.assertIn("; 3 errors; of a core the host took 0.4 to 0.4 %, other processes 2.5 to 2.5 %", row.note)

    def test_beside_it_is_the_tail_of_the_seconds_that_the_host_left_alone(self):
        self.assertIn("26.2 (3.0 to 49.5) in 2 of 2 seconds", self.tail_row(self.tail(2, 9, {})).note)
        for stolen in ((10, 0), (0, 10)):
            self.assertIn("3.0 (3.0 to 3.0) in 1 of 2 seconds", self.tail_row(self.tail(2, 9, {}, stolen)).note)

    def test_a_bare_loop_stands_beside_its_run(self):
        runs = [{"meanRequestsPerSecond": rate, "errors": {}, **self.TAKEN, "bareLoop": {"meanRowsPerSecond": 50, **taken}}
                for rate, taken in ((48, self.TAKEN), (20, {"taken": {"server": {"hostPercent": 0, "othersPercent": 60}}}))]
        row = singles.runtime_row(runs)

        self.assertEqual([0.96, 0.4], row.values)
        self.assertIn("34.0 against 50.0 rows/s; of a core the host took 0.0 to 0.4 %, other processes 2.5 to 60.0 %", row.note)

    def test_overload_needs_refusals(self):
        saturated = {"meanRequestsPerSecond": 100, "errors": {}, **self.TAKEN}
        run = {"meanRequestsPerSecond": 90, "errors": {"503": 110}, "errorLatency": {"503": {"p99Micros": 4_000}}, **self.TAKEN}
        row = singles.overload_row([(saturated, run)])

        self.assertEqual([0.9], row.values)
        self.assertIn("p99 of the refusals 4.0 ms", row.note)
        self.assertNotIn("errors", row.note)
        with self.assertRaisesRegex(servers.Unmeasurable, "nothing was refused"):
            singles.overload_row([(saturated, run), (saturated, {**run, "errors": {}, "errorLatency": {}})])


class Costs(unittest.TestCase):
    def test_a_rate_of_json_is_that_of_its_bytes(self):
        benchmark = {"primaryMetric": {"rawData": [[100, 300, 200], [400, 400, 400]]}, "jdkVersion": "25", "vmVersion": "25+1"}
        row = costs.json_row([benchmark], OpenLoop.TAKEN["taken"])

        self.assertEqual(len(",".join(targets.pixels()[0])) + 2, costs.BODY)
        self.assertEqual([200 * costs.BODY / 1e6, 400 * costs.BODY / 1e6], row.values)
        self.assertTrue(row.note.endswith("other processes 2.5 to 2.5 %"), row.note)

    def test_allocation_is_what_the_metrics_say_for_each_request(self):
        metrics = """\
# TYPE jvm_gc_memory_allocated_bytes_total counter
jvm_gc_memory_allocated_bytes_total 2.048E7
skiff_request_duration_seconds_count{model="digits",version="1"} 5000
skiff_request_duration_seconds_count{model="iris",version="1"} 7
skiff_request_duration_seconds_sum{model="digits",version="1"} 7
"""
        self.assertEqual([20_480_000, 5000], costs.values(metrics))
        run = {"allocatedBytes": 20_480_000, "answered": 5000, "errors": {}, **OpenLoop.TAKEN}
        self.assertEqual([4], costs.allocation_row([run]).values)
        with self.assertRaisesRegex(servers.Unmeasurable, "allocated nothing"):
            costs.allocation_row([run, {**run, "allocatedBytes": 0}])


class Cores(unittest.TestCase):
    STAT = """\
cpu  9 9 9 9 9 9 9 9 9 9
cpu0 100 20 3 5000 7 8 9 40 0 0
cpu1 1 0 0 0 0 0 0 2 0 0
cpu10 5000 0 0 0 0 0 0 5000 0 0
"""

    def test_a_core_has_its_own_line(self):
        self.assertEqual((1230, 400), cores.counters(self.STAT, {0}))
        self.assertEqual((1240, 420), cores.counters(self.STAT, cores.parse("0-1")))
        self.assertEqual({0, 1, 2, 5}, cores.parse("0-2,5"))

    def watch(self, *looks):
        watch = cores.Watch({"server": 0})
        watch.times = [time for time, _, _ in looks]
        watch.samples = [{"server": (busy, stolen)} for _, busy, stolen in looks]
        return watch

    def test_what_is_not_the_servers_was_taken(self):
        watch = self.watch((10, 0, 0), (15, 500, 10), (20, 9000, 50))

        self.assertEqual({"server": {"hostPercent": 0.5, "othersPercent": 30}}, watch.taken({"server": 6}))
        self.assertEqual(0, watch.taken({"server": 10})["server"]["othersPercent"])

    def test_a_second_has_its_own_part_of_what_was_stolen(self):
        watch = self.watch((10, 0, 100), (10.5, 0, 100), (11, 0, 120), (11.5, 0, 120), (12, 0, 160))

        self.assertEqual({"server": [20, 40]}, watch.stolen_millis(10, 2))
        self.assertEqual({"server": [30, 20]}, watch.stolen_millis(10.75, 2))

    def test_it_looks_at_this_machine(self):
        with cores.Watch({"server": min(os.sched_getaffinity(0))}) as watch:
            pass
        self.assertEqual(2, len(watch.samples))
        self.assertGreater(watch.samples[0]["server"][0], 0)

    def test_a_command_on_a_core_is_its_own_work(self):
        core = min(os.sched_getaffinity(0))
        run, taken = cores.run_on(core, [sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"])

        self.assertEqual(f"{{{core}}}\n", run.stdout)
        self.assertEqual({"server"}, taken.keys())


class Bodies(unittest.TestCase):
    def test_numbers_are_found_in_every_form_of_reply(self):
        self.assertEqual([1, 2.5], targets.numbers({"prediction": [1, 2.5]}))
        self.assertEqual([3, 4], targets.numbers({"outputs": [{"shape": [2], "name": "y", "data": [3, 4]}]}))
        self.assertEqual([], targets.numbers("none"))

    def test_binary_and_json_carry_the_same_numbers(self):
        body, header = targets.binary_image(), json.loads(targets.binary_header())
        length = int(pairs.BINARY["Inference-Header-Content-Length"])

        self.assertEqual(header, json.loads(body[:length]))
        self.assertEqual(header["inputs"][0]["parameters"]["binary_data_size"], len(body) - length)
        data = json.loads(targets.json_image())["inputs"][0]["data"]
        self.assertEqual(memoryview(body[length:]).cast("f").tolist(), memoryview(targets.array.array("f", data)).tolist())

    def test_the_answer_is_the_mean_of_each_channel(self):
        self.assertEqual([0.5] * 3, [round(mean, 1) for mean in targets.channel_means()])


class Table(unittest.TestCase):
    def test_a_row_is_the_median_with_the_lowest_and_the_highest(self):
        self.assertEqual("| a | b | 2.00 | 1.00 to 9.00 | 1 | 3 | c |", Row("a", "b", "1", "3", [9, 1, 2], [], "c").line())

    def test_a_result_has_all_its_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            Row("a", "b", "", "", [2, 4], [{"run": 1}, {"run": 2}]).write(pathlib.Path(folder, "made"), {"commit": "abc"})
            written = json.loads(pathlib.Path(folder, "made/a.json").read_text())

        self.assertEqual((3, [2, 4], "abc", [{"run": 1}, {"run": 2}]),
                         (written["median"], written["rounds"], written["commit"], written["runs"]))

    def test_a_failure_is_one_line_of_the_table(self):
        self.assertEqual("| a | **FAILED**: b c / d | | | | | |", Failure("a", "b\nc | d").line())

    def test_an_unknown_row_is_refused(self):
        done = subprocess.run([BENCH / "measure", "nothing"], capture_output=True, text=True)

        self.assertEqual(2, done.returncode)
        self.assertIn("there is no row nothing; there are http, ", done.stderr)


if __name__ == "__main__":
    unittest.main()
