"""Talks to a Skiff server through NVIDIA's tritonclient, unmodified, in its JSON and its binary mode.

    python triton_client.py HOST:PORT MODELS

MODELS is the folder with the samples and replies of iris, digits and language. The server has these
three and the tests' fixtures. Run by TritonClientIT.
"""

import json
import sys
import unittest
from pathlib import Path

import ml_dtypes
import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

URL = sys.argv[1]
MODELS = Path(sys.argv[2])


def sample(model):
    return json.loads((MODELS / model / "sample.json").read_text(encoding="utf-8"))


def reply(model):
    return json.loads((MODELS / model / "reply.json").read_text(encoding="utf-8"))


def tensor(name, values, datatype, binary=False):
    made = triton.InferInput(name, values.shape, datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def output(name):
    return triton.InferRequestedOutput(name, binary_data=False)


def binary_tensor(name, values, datatype):
    return tensor(name, values, datatype, binary=True)


def unsigned_outputs_come_back(test, form):
    """As JSON or in binary form, whichever the function makes of the input."""
    values = np.array([[-1, 0, 1]], np.int64)
    result = test.client.infer("cast-unsigned", [form("x", values, "INT64")])
    for name, dtype in [("uint16", np.uint16), ("uint32", np.uint32), ("uint64", np.uint64)]:
        with test.subTest(name):
            test.assertEqual(dtype, result.as_numpy(name).dtype)
            np.testing.assert_array_equal(values.astype(dtype), result.as_numpy(name))


class TritonClientTest(unittest.TestCase):
    def setUp(self):
        self.client = triton.InferenceServerClient(URL)
        self.addCleanup(self.client.close)

    def test_health(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("iris"))
        self.assertTrue(self.client.is_model_ready("iris", "1"))
        self.assertFalse(self.client.is_model_ready("no-such-model"))
        self.assertFalse(self.client.is_model_ready("broken"))

    def test_server_metadata(self):
        metadata = self.client.get_server_metadata()
        self.assertEqual("skiff", metadata["name"])
        self.assertTrue(metadata["version"])
        self.assertIsInstance(metadata["extensions"], list)

    def test_model_metadata(self):
        metadata = self.client.get_model_metadata("digits")
        self.assertEqual("digits", metadata["name"])
        self.assertEqual(["1"], metadata["versions"])
        self.assertEqual([{"name": "pixels", "datatype": "FP32", "shape": [-1, 64]}], metadata["inputs"])
        self.assertEqual([{"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}], metadata["outputs"])
        self.assertEqual(metadata, self.client.get_model_metadata("digits", "1"))

    def test_iris(self):
        features = np.array([sample("iris")], np.float32)
        result = self.client.infer(
            "iris", [tensor("features", features, "FP32")],
            outputs=[output("output_label"), output("output_probability")])
        np.testing.assert_array_equal(reply("iris")["prediction"], result.as_numpy("output_label"))
        probabilities = json.loads(result.as_numpy("output_probability")[0])
        self.assertEqual({"0", "1", "2"}, set(probabilities))
        self.assertAlmostEqual(1, sum(probabilities.values()), places=5)

    def test_digits(self):
        pixels = np.array(sample("digits")["instances"], np.float32)
        result = self.client.infer(
            "digits", [tensor("pixels", pixels, "FP32")], outputs=[output("probabilities")])
        probabilities = result.as_numpy("probabilities")
        self.assertEqual((np.float32, (2, 10)), (probabilities.dtype, probabilities.shape))
        np.testing.assert_allclose(probabilities, reply("digits")["predictions"], rtol=1e-3, atol=1e-9)

    def test_no_outputs_asked_for_means_all(self):
        features = np.array([sample("iris")], np.float32)
        result = self.client.infer("iris", [tensor("features", features, "FP32")])
        self.assertEqual(
            ["output_label", "output_probability"],
            [given["name"] for given in result.get_response()["outputs"]])
        np.testing.assert_array_equal(reply("iris")["prediction"], result.as_numpy("output_label"))

    def test_language(self):
        texts = np.array(sample("language")["instances"], np.object_)
        result = self.client.infer("language", [tensor("text", texts, "BYTES")], outputs=[output("label")])
        expected = [row["label"] for row in reply("language")["predictions"]]
        self.assertEqual(expected, list(result.as_numpy("label")))

    def test_texts_come_back(self):
        texts = np.array([["\U0001f600", "", "na\u00efve \u4eca\u5929"]], np.object_)
        result = self.client.infer("identity-bytes", [tensor("x", texts, "BYTES")], outputs=[output("y")])
        self.assertEqual(texts.tolist(), result.as_numpy("y").tolist())

    def test_numbers_come_back(self):
        for model, datatype, values in [
            ("identity-bool", "BOOL", np.array([[True, False, True]])),
            ("identity-uint8", "UINT8", np.array([[0, 1, 255]], np.uint8)),
            ("identity-int8", "INT8", np.array([[-128, 0, 127]], np.int8)),
            ("identity-int16", "INT16", np.array([[-32768, 0, 32767]], np.int16)),
            ("identity-int32", "INT32", np.array([[-2**31, 0, 2**31 - 1]], np.int32)),
            ("identity-int64", "INT64", np.array([[-2**63, 0, 2**63 - 1]], np.int64)),
            ("identity-fp32", "FP32", np.array([[1e-45, 0.1, -3.4028235e38]], np.float32)),
            ("identity-fp64", "FP64", np.array([[5e-324, 0.1, -1.7976931348623157e308]])),
        ]:
            with self.subTest(datatype):
                result = self.client.infer(model, [tensor("x", values, datatype)], outputs=[output("y")])
                back = result.as_numpy("y")
                self.assertEqual(values.dtype, back.dtype)
                np.testing.assert_array_equal(values, back)

    def test_unsigned_outputs(self):
        unsigned_outputs_come_back(self, tensor)

    def test_infinity_comes_out(self):
        values = np.array([[3.4028235e38, 1, -3.4028235e38]], np.float32)
        result = self.client.infer("fixed", [tensor("x", np.vstack([values, values]), "FP32")])
        np.testing.assert_array_equal([np.inf, 2, -np.inf], result.as_numpy("y")[0])

    def test_several_inputs_and_one_of_two_outputs(self):
        a, b = np.array([[10, 20, 30]], np.float32), np.array([[1, 2, 3]], np.float32)
        result = self.client.infer(
            "add", [tensor("b", b, "FP32"), tensor("a", a, "FP32")], outputs=[output("difference")])
        np.testing.assert_array_equal(a - b, result.as_numpy("difference"))
        self.assertIsNone(result.as_numpy("sum"))

    def test_a_version(self):
        x = np.ones((1, 3), np.float32)
        result = self.client.infer("versions", [tensor("x", x, "FP32")], model_version="10")
        np.testing.assert_array_equal(10 * x, result.as_numpy("y"))
        self.assertEqual("10", result.get_response()["model_version"])

    def test_the_request_id_comes_back(self):
        x = np.ones((1, 3), np.float32)
        result = self.client.infer("identity-fp32", [tensor("x", x, "FP32")], request_id="request 7")
        self.assertEqual("request 7", result.get_response()["id"])
        self.assertEqual("identity-fp32", result.get_response()["model_name"])
        without = self.client.infer("identity-fp32", [tensor("x", x, "FP32")])
        self.assertNotIn("id", without.get_response())

    def test_asynchronous(self):
        x = np.ones((1, 3), np.float32)
        pending = [self.client.async_infer("identity-fp32", [tensor("x", n * x, "FP32")]) for n in range(8)]
        for n, request in enumerate(pending):
            np.testing.assert_array_equal(n * x, request.get_result().as_numpy("y"))

    def test_compression(self):
        x = np.arange(3000, dtype=np.float32).reshape(1000, 3)
        for algorithm in ["gzip", "deflate"]:
            with self.subTest(algorithm):
                result = self.client.infer(
                    "identity-fp32", [tensor("x", x, "FP32")], outputs=[output("y")],
                    request_compression_algorithm=algorithm, response_compression_algorithm=algorithm)
                np.testing.assert_array_equal(x, result.as_numpy("y"))

    def fails(self, status, message, *arguments, **options):
        with self.assertRaises(InferenceServerException) as raised:
            self.client.infer(*arguments, **options)
        self.assertIn(message, raised.exception.message())
        self.assertEqual(str(status), raised.exception.status())

    def test_errors_carry_our_message(self):
        x = np.ones((1, 3), np.float32)
        self.fails(400, "the model has no input 'z', it expects 'x'", "identity-fp32", [tensor("z", x, "FP32")])
        self.fails(400, "input 'x' has datatype FP32, got FP64",
                   "identity-fp32", [tensor("x", x.astype(np.float64), "FP64")])
        self.fails(400, "input 'x' has shape [-1,3], got [1,4]",
                   "identity-fp32", [tensor("x", np.ones((1, 4), np.float32), "FP32")])
        self.fails(400, "the model has no output 'z', it has [y]",
                   "identity-fp32", [tensor("x", x, "FP32")], outputs=[output("z")])
        self.fails(404, "there is no model 'nothing'", "nothing", [tensor("x", x, "FP32")])
        self.fails(500, "the model failed: ", "fails", [tensor("x", np.array([99]), "INT64")])
        self.fails(503, "Protobuf parsing failed", "broken", [tensor("x", x, "FP32")])

    def test_timeout(self):
        x = np.ones((1, 3), np.float32)
        self.client.infer("identity-fp32", [tensor("x", x, "FP32")], timeout=10_000_000)
        self.fails(504, "deadline", "identity-fp32", [tensor("x", x, "FP32")], timeout=1)


class ModelControlTest(unittest.TestCase):
    """The model repository extension, with a model that no other test asks."""

    def setUp(self):
        self.client = triton.InferenceServerClient(URL)
        self.addCleanup(self.client.close)

    def states(self):
        index = self.client.get_model_repository_index()
        return {(entry["name"], entry["version"]): (entry["state"], entry.get("reason")) for entry in index}

    def fails(self, status, message, operation, *arguments, **options):
        with self.assertRaises(InferenceServerException) as raised:
            operation(*arguments, **options)
        self.assertIn(message, raised.exception.message())
        self.assertEqual(str(status), raised.exception.status())

    def test_the_extension_is_listed(self):
        self.assertIn("model_repository", self.client.get_server_metadata()["extensions"])

    def test_index(self):
        states = self.states()
        self.assertEqual(("READY", None), states["iris", "1"])
        self.assertEqual(("READY", None), states["versions", "10"])
        self.assertEqual(("UNAVAILABLE", "not loaded"), states["versions", "2"])
        self.assertEqual("UNAVAILABLE", states["broken", "1"][0])
        self.assertIn("Protobuf parsing failed", states["broken", "1"][1])

    def test_load_and_unload(self):
        self.client.load_model("scalar")
        self.assertTrue(self.client.is_model_ready("scalar"))
        self.client.unload_model("scalar")
        self.assertFalse(self.client.is_model_ready("scalar"))
        self.assertEqual(("UNAVAILABLE", "unloaded"), self.states()["scalar", "1"])
        self.client.unload_model("scalar", unload_dependents=True)
        self.client.load_model("scalar")
        self.assertTrue(self.client.is_model_ready("scalar", "1"))
        self.assertEqual(("READY", None), self.states()["scalar", "1"])

    def test_errors_carry_our_message(self):
        self.fails(422, "Protobuf parsing failed", self.client.load_model, "broken")
        self.fails(404, "there is no model 'nothing'", self.client.load_model, "nothing")
        self.fails(404, "there is no model 'nothing'", self.client.unload_model, "nothing")
        self.fails(400, "parameter 'config' is not supported", self.client.load_model, "scalar", config="{}")


class BinaryModeTest(unittest.TestCase):
    """The client's default: tensors in binary form, both ways."""

    def setUp(self):
        self.client = triton.InferenceServerClient(URL)
        self.addCleanup(self.client.close)

    def test_the_extension_is_listed(self):
        self.assertIn("binary_tensor_data", self.client.get_server_metadata()["extensions"])

    def test_numbers_come_back(self):
        for model, datatype, values in [
            ("identity-bool", "BOOL", np.array([[True, False, True]])),
            ("identity-uint8", "UINT8", np.array([[0, 1, 255]], np.uint8)),
            ("identity-int8", "INT8", np.array([[-128, 0, 127]], np.int8)),
            ("identity-int16", "INT16", np.array([[-32768, 0, 32767]], np.int16)),
            ("identity-int32", "INT32", np.array([[-2**31, 0, 2**31 - 1]], np.int32)),
            ("identity-int64", "INT64", np.array([[-2**63, 0, 2**63 - 1]], np.int64)),
            ("identity-fp16", "FP16", np.array([[6e-8, np.nan, -65504]], np.float16)),
            ("identity-fp32", "FP32", np.array([[1e-45, np.inf, -3.4028235e38]], np.float32)),
            ("identity-fp64", "FP64", np.array([[5e-324, np.nan, -1.7976931348623157e308]])),
        ]:
            for outputs in [None, [triton.InferRequestedOutput("y")]]:
                with self.subTest(datatype, outputs=outputs):
                    result = self.client.infer(model, [binary_tensor("x", values, datatype)], outputs=outputs)
                    self.assertIn("binary_data_size", result.get_output("y")["parameters"])
                    back = result.as_numpy("y")
                    self.assertEqual(values.dtype, back.dtype)
                    np.testing.assert_array_equal(values, back)

    def test_bf16_comes_back(self):
        values = np.array([[1, -0.5, 3.3895314e38]], ml_dtypes.bfloat16)
        result = self.client.infer("identity-bf16", [binary_tensor("x", values, "BF16")])
        back = result.as_numpy("y")
        self.assertEqual(values.dtype, back.dtype)
        np.testing.assert_array_equal(values, back)

    def test_texts_come_back(self):
        texts = np.array([["\U0001f600".encode(), b"", "na\u00efve \u4eca\u5929".encode()]], np.object_)
        result = self.client.infer("identity-bytes", [binary_tensor("x", texts, "BYTES")])
        self.assertEqual(texts.tolist(), result.as_numpy("y").tolist())

    def test_unsigned_outputs(self):
        unsigned_outputs_come_back(self, binary_tensor)

    def test_no_rows(self):
        for model, datatype, dtype in [("identity-fp32", "FP32", np.float32), ("identity-bytes", "BYTES", np.object_)]:
            with self.subTest(datatype):
                result = self.client.infer(model, [binary_tensor("x", np.zeros((0, 3), dtype), datatype)])
                self.assertEqual((0, 3), result.as_numpy("y").shape)

    def test_a_large_tensor(self):
        values = np.random.default_rng(7).random((20_000, 3), np.float32)
        result = self.client.infer("identity-fp32", [binary_tensor("x", values, "FP32")])
        np.testing.assert_array_equal(values, result.as_numpy("y"))

    def test_binary_and_json_in_one_request(self):
        a, b = np.array([[10, 20, 30]], np.float32), np.array([[1, 2, 3]], np.float32)
        wanted = [triton.InferRequestedOutput("sum", binary_data=True), output("difference")]
        for inputs in [
            [binary_tensor("a", a, "FP32"), tensor("b", b, "FP32")],
            [tensor("a", a, "FP32"), binary_tensor("b", b, "FP32")],
            [binary_tensor("b", b, "FP32"), binary_tensor("a", a, "FP32")],
        ]:
            result = self.client.infer("add", inputs, outputs=wanted)
            np.testing.assert_array_equal(a + b, result.as_numpy("sum"))
            np.testing.assert_array_equal(a - b, result.as_numpy("difference"))

    def test_shipped_models(self):
        pixels = np.array(sample("digits")["instances"], np.float32)
        result = self.client.infer("digits", [binary_tensor("pixels", pixels, "FP32")])
        np.testing.assert_allclose(
            result.as_numpy("probabilities"), reply("digits")["predictions"], rtol=1e-3, atol=1e-9)
        texts = np.array(sample("language")["instances"], np.object_)
        result = self.client.infer("language", [binary_tensor("text", texts, "BYTES")])
        self.assertEqual(
            [row["label"].encode() for row in reply("language")["predictions"]], list(result.as_numpy("label")))

    def test_compression(self):
        floats = np.arange(3000, dtype=np.float32).reshape(1000, 3)
        texts = np.array([[b"one", b"two", "\u00e9".encode()]] * 1000, np.object_)
        for algorithm in ["gzip", "deflate"]:
            for model, datatype, values in [("identity-fp32", "FP32", floats), ("identity-bytes", "BYTES", texts)]:
                for request, response in [(algorithm, None), (None, algorithm), (algorithm, algorithm)]:
                    with self.subTest(algorithm, model=model, request=request, response=response):
                        result = self.client.infer(
                            model, [binary_tensor("x", values, datatype)],
                            request_compression_algorithm=request, response_compression_algorithm=response)
                        np.testing.assert_array_equal(values, result.as_numpy("y"))

    def test_compressed_replies_are_smaller(self):
        sizes = {}
        for algorithm in [None, "gzip", "deflate"]:
            x = binary_tensor("x", np.zeros((1000, 3), np.float32), "FP32")
            body, length = self.client.generate_request_body([x])
            headers = {"Inference-Header-Content-Length": str(length)}
            if algorithm:
                headers["Accept-Encoding"] = algorithm
            reply = self.client._client_stub.post(
                "/v2/models/identity-fp32/infer", body=body, headers=headers)
            self.assertEqual(algorithm, reply.get("Content-Encoding"))
            sizes[algorithm] = len(reply.read())
        self.assertGreater(sizes[None], 12000)
        self.assertLess(max(sizes["gzip"], sizes["deflate"]), 1000)

    def test_maps_are_texts(self):
        features = np.array([sample("iris")], np.float32)
        result = self.client.infer("iris", [binary_tensor("features", features, "FP32")])
        np.testing.assert_array_equal(reply("iris")["prediction"], result.as_numpy("output_label"))
        probabilities = json.loads(result.as_numpy("output_probability")[0])
        self.assertAlmostEqual(1, sum(probabilities.values()), places=5)

    def test_classes(self):
        wanted = [triton.InferRequestedOutput("y", class_count=2)]
        values = np.array([[1, 3, 2]], np.float32)
        result = self.client.infer("identity-fp32", [binary_tensor("x", values, "FP32")], outputs=wanted)
        self.assertEqual([[b"3.0:1", b"2.0:2"]], result.as_numpy("y").tolist())

    def test_errors_carry_our_message(self):
        with self.assertRaises(InferenceServerException) as raised:
            self.client.infer("identity-fp32", [binary_tensor("x", np.ones((1, 3)), "FP64")])
        self.assertIn("input 'x' has datatype FP32, got FP64", raised.exception.message())
        self.assertEqual("400", raised.exception.status())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
