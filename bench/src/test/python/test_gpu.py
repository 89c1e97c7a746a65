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
        for file in ("lib/a.jar", "pruner/skiff-image.jar", "pruner/lib/b.jar", "skiff-bench.jar", "wheel.py"):
            (self.here / file).parent.mkdir(parents=True, exist_ok=True)
            (self.here / file).write_text(file)
        self.parcels.python = lambda chosen: {f"python/{self.parcels.CAPI}/wheel.py": self.here / "wheel.py"}
        self.image = self.folder / "image"
        (self.image / "native").mkdir(parents=True)
        (self.image / "native/libonnxruntime_providers_cuda.so").write_text("code for 9.0")
        (self.image / "java").write_bytes(bytes(range(256)) * 9000)
        (self.image / "java").chmod(0o755)
        (self.image / "LICENSE").symlink_to("java")

    def at(self, work):
        self.parcels.WORK, self.parcels.PARCELS, self.parcels.PRUNER = work, work / "parcels", work / "pruner"

    def pack(self):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.parcels.pack(argparse.Namespace(skiff=self.image, python="3.12", megabytes=60))
        return said.getvalue()

    def open(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.parcels.unpack(argparse.Namespace(skiff=self.there / "skiff"))

    def bring(self):
        (self.here / "parcels").rename(self.there / "parcels")
        self.at(self.there)

    def test_what_was_packed_comes_out(self):
        self.assertEqual("here/parcels/01 0.0 MB\n", self.pack())
        self.bring()
        self.open()

        there = self.there / "skiff/java"
        self.assertEqual((self.image / "java").read_bytes(), there.read_bytes())
        self.assertEqual((self.image / "java").stat().st_mtime, there.stat().st_mtime)
        self.assertEqual(0o755, there.stat().st_mode & 0o777)
        self.assertEqual("java", str((self.there / "skiff/LICENSE").readlink()))
        for file in ("lib/a.jar", "pruner/skiff-image.jar", "pruner/lib/b.jar", "skiff-bench.jar"):
            self.assertEqual(file, (self.there / file).read_text())
        # Python takes the provider of the image.
        capi = self.there / "python" / self.parcels.CAPI
        self.assertEqual("wheel.py", (capi / "wheel.py").read_text())
        self.assertEqual("code for 9.0", (capi / "libonnxruntime_providers_cuda.so").read_text())

    def test_no_parcel_is_larger_than_it_may_be(self):
        (self.here / "parcels").mkdir()
        self.parcels.BLOCK = 100_000
        folders = self.parcels.divide(self.image / "java", 3_000)

        self.assertGreater(len(folders), 1)
        self.assertLessEqual(max((folder / "parcel").stat().st_size for folder in folders), 3_000)

    def test_a_parcel_that_is_damaged_or_missing_is_noticed(self):
        self.pack()
        self.bring()
        parcel = self.there / "parcels/01/parcel"
        parcel.write_bytes(parcel.read_bytes()[:-1])
        with self.assertRaisesRegex(SystemExit, "01 is damaged"):
            self.open()
        parcel.unlink()
        with self.assertRaisesRegex(SystemExit, "01 is damaged or missing"):
            self.open()
        (parcel.parent / self.parcels.LAST).unlink()
        with self.assertRaisesRegex(SystemExit, "the last parcel is not in"):
            self.open()


if __name__ == "__main__":
    unittest.main()
