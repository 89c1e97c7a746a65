"""The logic of bench/gpu and bench/parcels, without a GPU, a server or a wheel."""
import argparse
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(BENCH))

from measuring import answers, networks  # noqa: E402


def script(name):
    """A program of bench/, as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(BENCH / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class Answers(unittest.TestCase):
    READY = {"state": "ready", "execution_provider": "cuda", "nodes": {"cuda": 1}}

    def test_a_difference_is_told_by_the_largest_number(self):
        self.assertEqual(0.25, answers.deviation({"outputs": [[1, -4]]}, {"outputs": [[2, -4]]}))
        self.assertEqual(0, answers.deviation({"outputs": [0, "a"]}, {"outputs": [0, "a"]}))

    def test_answers_of_another_form_have_none(self):
        for other in ({"error": "no"}, {"outputs": [1]}, {"outputs": [1, "b"]}):
            self.assertIsNone(answers.deviation({"outputs": [1, 2]}, other))

    def test_texts_are_to_be_the_same(self):
        self.assertIsNone(answers.deviation(["de", 1], ["fr", 1]))

    def test_a_close_answer_of_the_right_provider_is_right(self):
        run = answers.compared("conv", "cuda", self.READY, [1.0], [1.001])

        self.assertNotIn("wrong", run)
        self.assertEqual(({"cuda": 1}, 0.001), (run["nodes"], round(run["difference"], 6)))

    def test_what_is_wrong_is_said(self):
        def wrong(health, got):
            return answers.compared("conv", "cuda", {**self.READY, **health}, [1.0], got)["wrong"]

        self.assertEqual("no engine", wrong({"state": "unavailable", "reason": "no engine"}, {"error": "no engine"}))
        self.assertEqual("it runs on cpu", wrong({"execution_provider": "cpu"}, [1.0]))
        self.assertEqual("the answer is [1.1], and the CPU's [1.0]", wrong({}, [1.1]))


class Networks(unittest.TestCase):
    def test_a_request_has_its_rows_behind_its_header(self):
        for network in networks.NETWORKS.values():
            target = network.target(3, 1)
            length = int(target.headers["Inference-Header-Content-Length"])
            given = json.loads(target.content[:length])["inputs"][0]
            self.assertEqual([3, *network.shape], given["shape"])
            self.assertEqual(given["parameters"]["binary_data_size"], len(target.content) - length)

    def test_the_row_is_the_ratio_by_rows_of_a_request(self):
        self.assertEqual([0.5, 2], self.row("").values)

    def test_without_python_it_has_the_rates(self):
        row = self.row("there is no Python")

        self.assertEqual([10, 80], row.values)
        self.assertIn("no ratio: there is no Python", row.measure)

    @staticmethod
    def row(reason):
        run = {"errors": {}, "latency": {"p50Micros": 1}}
        runs = [{"rows": rows, "rowsPerSecond": rate, "saturated": run, "alone": run, "python": {"rowsPerSecond": other}}
                for rows, rate, other in ((1, 10, 20), (8, 80, 40))]
        options = argparse.Namespace(batches=[1, 8], name="cuda")
        return networks.throughput(options, networks.NETWORKS["resnet50"], runs, reason)

    def test_answers_beyond_tf32_are_not_the_same(self):
        networks.compare([1.0, 100.0], [1.5, 100.0])
        with self.assertRaises(networks.Unmeasurable):
            networks.compare([1.0, 100.0], [1.0, 103.0])


class Parcels(unittest.TestCase):
    def setUp(self):
        self.parcels = script("parcels")
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.here, self.there = self.folder / "here", self.folder / "there"
        self.there.mkdir()
        self.parcels.ROOT = self.folder
        self.at(self.here)
        (self.here / "lib").mkdir(parents=True)
        (self.here / "lib/a.jar").write_bytes(b"a jar")
        (self.here / "skiff-bench.jar").write_bytes(b"the load tester")
        self.one = self.image("one", "code for 9.0")
        self.all = self.image("all", "code for all")

    def at(self, work):
        self.parcels.WORK, self.parcels.PARCELS = work, work / "parcels"

    def image(self, name, provider):
        image = self.folder / name
        (image / "native").mkdir(parents=True)
        (image / "native/provider.so").write_text(provider)
        (image / "java").write_bytes(bytes(range(256)) * 9000)
        (image / "java").chmod(0o755)
        (image / "LICENSE").symlink_to("java")
        return image

    def pack(self, *images, megabytes=56):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.parcels.pack(argparse.Namespace(skiff=images, python=None, architectures="all", megabytes=megabytes))
        return said.getvalue()

    def open(self, load):
        with contextlib.redirect_stdout(io.StringIO()):
            self.parcels.unpack(argparse.Namespace(load=load, skiff=self.there / "skiff"))

    def bring(self):
        (self.here / "parcels").rename(self.there / "parcels")
        self.at(self.there)

    def test_what_was_packed_comes_out(self):
        self.assertEqual("load 1: here/parcels/1-01\n", self.pack(self.one))
        self.bring()
        self.open(1)

        there = self.there / "skiff/java"
        self.assertEqual((self.one / "java").read_bytes(), there.read_bytes())
        self.assertEqual((self.one / "java").stat().st_mtime, there.stat().st_mtime)
        self.assertEqual(0o755, there.stat().st_mode & 0o777)
        self.assertEqual("java", str((self.there / "skiff/LICENSE").readlink()))
        self.assertEqual(b"the load tester", (self.there / "skiff-bench.jar").read_bytes())
        self.assertEqual(b"a jar", (self.there / "lib/a.jar").read_bytes())

    def test_another_image_is_what_it_has_otherwise(self):
        self.pack(self.one, self.all)
        self.assertLess((self.here / "parcels/2-01/parcel").stat().st_size, 1000)
        self.bring()
        self.open(1)
        self.assertEqual("code for 9.0", (self.there / "skiff/native/provider.so").read_text())
        self.open(2)
        self.assertEqual("code for all", (self.there / "skiff/native/provider.so").read_text())

    def test_no_parcel_is_larger_than_it_may_be(self):
        (self.here / "parcels").mkdir()
        self.parcels.BLOCK = 100_000
        self.parcels.divide(self.one / "java", 1, 3_000)
        parcels = sorted((self.here / "parcels").glob("1-*/parcel"))

        self.assertGreater(len(parcels), 1)
        self.assertLessEqual(max(parcel.stat().st_size for parcel in parcels), 3_000)

    def test_a_parcel_that_is_damaged_or_missing_is_noticed(self):
        self.pack(self.one)
        self.bring()
        parcel = self.there / "parcels/1-01/parcel"
        parcel.write_bytes(parcel.read_bytes()[:-1])
        with self.assertRaisesRegex(SystemExit, "1-01 is damaged"):
            self.open(1)
        parcel.unlink()
        with self.assertRaisesRegex(SystemExit, "1-01 is damaged or missing"):
            self.open(1)
        with self.assertRaisesRegex(SystemExit, "the last parcel of load 2 is not in"):
            self.open(2)


if __name__ == "__main__":
    unittest.main()
