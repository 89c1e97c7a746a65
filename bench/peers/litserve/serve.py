"""LitServe with a LitAPI around ONNX Runtime."""
import os

import litserve
import numpy as np
import onnxruntime


class OnnxApi(litserve.LitAPI):
    def setup(self, device):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.outputs = [self.session.get_outputs()[0].name]

    def decode_request(self, request):
        return np.array([request], dtype=np.float32)

    def predict(self, row):
        return self.session.run(self.outputs, {self.input: row})[0]

    def encode_response(self, prediction):
        return {"prediction": prediction[0].tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(OnnxApi(), accelerator="cpu", fast_queue=True)
    server.run(host=os.environ["HOST"], port=int(os.environ["PORT"]), num_api_servers=1, generate_client_file=False,
               log_level="warning", access_log=False)
