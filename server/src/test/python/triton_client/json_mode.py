import json

import numpy as np

from client_test import INTEGERS, ClientTest, output, reply, sample, tensor


class JsonModeTest(ClientTest):
    """Health, metadata, and tensors as JSON."""

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
        for model, datatype, values in INTEGERS + [
            ("identity-fp32", "FP32", np.array([[1e-45, 0.1, -3.4028235e38]], np.float32)),
            ("identity-fp64", "FP64", np.array([[5e-324, 0.1, -1.7976931348623157e308]])),
        ]:
            with self.subTest(datatype):
                result = self.client.infer(model, [tensor("x", values, datatype)], outputs=[output("y")])
                back = result.as_numpy("y")
                self.assertEqual(values.dtype, back.dtype)
                np.testing.assert_array_equal(values, back)

    def test_unsigned_outputs(self):
        self.unsigned_outputs_come_back(tensor)

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

    def infer_fails(self, status, message, *arguments, **options):
        self.fails(status, message, self.client.infer, *arguments, **options)

    def test_errors_carry_our_message(self):
        x = np.ones((1, 3), np.float32)
        self.infer_fails(400, "the model has no input 'z', it expects 'x'", "identity-fp32", [tensor("z", x, "FP32")])
        self.infer_fails(400, "input 'x' has datatype FP32, got FP64",
                         "identity-fp32", [tensor("x", x.astype(np.float64), "FP64")])
        self.infer_fails(400, "input 'x' has shape [-1,3], got [1,4]",
                         "identity-fp32", [tensor("x", np.ones((1, 4), np.float32), "FP32")])
        self.infer_fails(400, "the model has no output 'z', it has [y]",
                         "identity-fp32", [tensor("x", x, "FP32")], outputs=[output("z")])
        self.infer_fails(404, "there is no model 'nothing'", "nothing", [tensor("x", x, "FP32")])
        self.infer_fails(500, "the model failed: ", "fails", [tensor("x", np.array([99]), "INT64")])
        self.infer_fails(503, "Protobuf parsing failed", "broken", [tensor("x", x, "FP32")])

    def test_timeout(self):
        x = np.ones((1, 3), np.float32)
        self.client.infer("identity-fp32", [tensor("x", x, "FP32")], timeout=10_000_000)
        self.infer_fails(504, "deadline", "identity-fp32", [tensor("x", x, "FP32")], timeout=1)
