"""A BentoML service around ONNX Runtime."""
import os

import bentoml
import numpy as np
import onnxruntime


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Digits:
    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        self.outputs = [self.session.get_outputs()[0].name]

    @bentoml.api
    async def predict(self, row: list[float], /) -> dict[str, list[float]]:
        prediction = self.session.run(self.outputs, {self.input: np.array([row], dtype=np.float32)})[0]
        return {"prediction": prediction[0].tolist()}
