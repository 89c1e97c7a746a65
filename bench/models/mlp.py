"""Writes a digits classifier that costs next to nothing, 64 - 64 - 10 with random weights, so that what is measured of it is the
server around it. FOLDER gets it as `mlp`; REPLY gets what it answers to the first instance of SAMPLE, worked out by NumPy:

    python bench/models/mlp.py FOLDER SAMPLE REPLY
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

WIDTHS = [64, 64, 10]

random = np.random.default_rng(1)
first, last = (random.standard_normal(shape).astype(np.float32) / 8 for shape in zip(WIDTHS, WIDTHS[1:]))
nodes = [
    helper.make_node("MatMul", ["pixels", "w0"], ["m"]),
    helper.make_node("Relu", ["m"], ["r"]),
    helper.make_node("MatMul", ["r", "w1"], ["s"]),
    helper.make_node("Softmax", ["s"], ["probabilities"]),
]
inputs = [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", WIDTHS[0]])]
outputs = [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", WIDTHS[-1]])]
weights = [numpy_helper.from_array(first, "w0"), numpy_helper.from_array(last, "w1")]
graph = helper.make_graph(nodes, "mlp", inputs, outputs, weights)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

folder, sample, reply = map(Path, sys.argv[1:])
(folder / "mlp").mkdir(parents=True, exist_ok=True)
(folder / "mlp/model.onnx").write_bytes(model.SerializeToString())
row = np.array(json.loads(sample.read_text())["instances"][0], np.float32)
scores = np.exp(np.maximum(row @ first, 0) @ last)
reply.write_text(json.dumps([float(score) for score in scores / scores.sum()]))
