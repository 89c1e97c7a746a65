import json

import ml_dtypes
import numpy as np
import tritonclient.http as triton

from client_test import INTEGERS, ClientTest, binary_tensor, output, reply, sample, tensor


class BinaryModeTest(ClientTest):
    """The client's default: tensors in binary form, both ways."""

    def test_the_extension_is_listed(self):
        self.assertIn("binary_tensor_data", self.client.get_server_metadata()["extensions"])

    def test_numbers_come_back(self):
        for model, datatype, values in INTEGERS + [
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
        self.unsigned_outputs_come_back(binary_tensor)

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
        self.fails(400, "input 'x' has datatype FP32, got FP64", self.client.infer,
                   "identity-fp32", [binary_tensor("x", np.ones((1, 3)), "FP64")])
