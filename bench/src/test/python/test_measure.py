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

from measuring import pairs, servers, singles, targets  # noqa: E402
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
            rounds=2, seconds=3, warm_up=1, first_warm_up=4, restart=False, server_core=core, client_core=core, port=free_base())
        targets.RUNS.mkdir(parents=True, exist_ok=True)

    def rows(self, *sides):
        return list(pairs.measure(self.options, [pairs.Pair(under, "", "", "", over, under) for over, under in sides]))


class Pairs(WithStubs):
    def test_the_row_has_the_ratio_of_each_round(self):
        (row,) = self.rows(("fast", "slow"))

        self.assertEqual([3, 3], row.values)
        self.assertIn("300 against 100 requests/s", row.note)
        self.assertEqual(["fast-0", "fast-1", "slow-0", "slow-1"],
                         [pathlib.Path(run["arguments"]["--out"]).stem for run in row.runs])

    def test_a_server_stays_and_is_warm_from_the_second_round_on(self):
        (row,) = self.rows(("fast", "slow"))

        self.assertEqual(["4s", "1s", "4s", "1s"], [run["arguments"]["--warm-up"] for run in row.runs])
        self.assertEqual(2, len({run["serverPid"] for run in row.runs}))

    def test_restarted_a_server_is_new_and_cold_in_each_round(self):
        self.options.restart = True
        (row,) = self.rows(("fast", "slow"))

        self.assertEqual(["4s"] * 4, [run["arguments"]["--warm-up"] for run in row.runs])
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
        ways = [[targets.Target(f"{server}-{loop}", server, "/", [1, 2], [1, 2]) for loop in ("closed", "opened")]
                for server in ("fast", "slow")]
        rounds = list(singles.saturated_and_open(self.options, ways, 0.7))

        self.assertEqual(2, len(rounds))
        for results in rounds:
            for saturated, _ in results:
                self.assertNotIn("--rate", saturated["arguments"])
            self.assertEqual(["210.0", "70.0"], [run["arguments"]["--rate"] for _, run in results])

    def test_the_tail_is_the_p99_over_the_p50(self):
        run = {"latency": {"p50Micros": 2, "p99Micros": 9}, "errors": {"500": 1, "timeout": 2}}
        other = {"latency": {"p50Micros": 3, "p99Micros": 24}, "errors": {}}
        saturated = {"meanRequestsPerSecond": 10, "errors": {}}
        row = singles.tail_row([[(saturated, run), (saturated, other)]])

        self.assertEqual([4.5], row.values)
        self.assertIn("Rust's 8 (8 to 8)", row.note)
        self.assertTrue(row.note.endswith("; 3 errors"), row.note)

    def test_overload_needs_refusals(self):
        saturated = {"meanRequestsPerSecond": 100, "errors": {}}
        run = {"meanRequestsPerSecond": 90, "errors": {"503": 110}, "errorLatency": {"503": {"p99Micros": 4_000}}}
        row = singles.overload_row([(saturated, run)])

        self.assertEqual([0.9], row.values)
        self.assertIn("p99 of the refusals 4.0 ms", row.note)
        self.assertNotIn("errors", row.note)
        with self.assertRaisesRegex(servers.Unmeasurable, "nothing was refused"):
            singles.overload_row([(saturated, run), (saturated, {**run, "errors": {}, "errorLatency": {}})])


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
