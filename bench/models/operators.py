"""Writes models of one operator each, those of CUDA's provider that go through cuDNN or cuBLAS, with random weights and a request for each,
into FOLDER: NAME/model.onnx and NAME/request.json.

    python bench/models/operators.py FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(1)
HALF = {"fp16": True}


def uniform(*shape):
    return random.uniform(-1, 1, shape).astype(np.float32)


# Name: operator, shape of a row, weights, attributes. "fp16" computes in half precision between casts.
OPERATORS = {
    "conv-1d": ("Conv", [8, 32], [uniform(16, 8, 3)], {}),
    "conv-2d": ("Conv", [8, 16, 16], [uniform(16, 8, 3, 3), uniform(16)], {"pads": [1] * 4}),
    "conv-2d-point": ("Conv", [32, 16, 16], [uniform(64, 32, 1, 1)], {}),
    "conv-2d-wide": ("Conv", [3, 64, 64], [uniform(32, 3, 7, 7)], {"strides": [2, 2], "pads": [3] * 4}),
    "conv-2d-uneven": ("Conv", [8, 17, 16], [uniform(8, 8, 3, 3)], {"strides": [2, 2], "pads": [0, 1, 1, 0]}),
    "conv-2d-dilated": ("Conv", [8, 16, 16], [uniform(8, 8, 3, 3)], {"dilations": [2, 2]}),
    "conv-2d-grouped": ("Conv", [16, 16, 16], [uniform(32, 4, 3, 3)], {"group": 4}),
    "conv-2d-depthwise": ("Conv", [16, 16, 16], [uniform(16, 1, 3, 3)], {"group": 16}),
    "conv-2d-fp16": ("Conv", [16, 16, 16], [uniform(16, 16, 3, 3)], {**HALF, "pads": [1] * 4}),
    "conv-2d-depthwise-fp16": ("Conv", [16, 16, 16], [uniform(16, 1, 3, 3)], {**HALF, "group": 16}),
    "conv-3d": ("Conv", [4, 8, 8, 8], [uniform(8, 4, 3, 3, 3)], {}),
    "transposed-1d": ("ConvTranspose", [8, 16], [uniform(8, 4, 3)], {"strides": [2]}),
    "transposed-2d": ("ConvTranspose", [8, 8, 8], [uniform(8, 4, 3, 3), uniform(4)], {"strides": [2, 2], "output_padding": [1, 1]}),
    "transposed-2d-grouped": ("ConvTranspose", [8, 8, 8], [uniform(8, 2, 3, 3)], {"group": 4}),
    "max-pool": ("MaxPool", [8, 16, 16], [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}),
    "average-pool": ("AveragePool", [8, 16, 16], [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    "global-average-pool": ("GlobalAveragePool", [8, 16, 16], [], {}),
    "batch-normalization": ("BatchNormalization", [8, 16, 16], [uniform(8), uniform(8), uniform(8), 1 + abs(uniform(8))], {}),
    "instance-normalization": ("InstanceNormalization", [8, 16, 16], [uniform(8), uniform(8)], {}),
    "layer-normalization": ("LayerNormalization", [64], [uniform(64), uniform(64)], {}),
    "lrn": ("LRN", [8, 16, 16], [], {"size": 5}),
    "softmax": ("Softmax", [8, 16], [], {"axis": -1}),
    "reduce-mean": ("ReduceMean", [8, 16, 16], [], {"axes": [2, 3], "keepdims": 0}),
    "reduce-max": ("ReduceMax", [8, 16, 16], [], {"axes": [1], "keepdims": 1}),
    "einsum": ("Einsum", [8, 16], [uniform(16, 12)], {"equation": "bij,jk->bik"}),
    "gemm": ("Gemm", [64], [uniform(64, 32), uniform(32)], {}),
    "matmul": ("MatMul", [8, 64], [uniform(64, 32)], {}),
    "matmul-fp16": ("MatMul", [8, 64], [uniform(64, 32)], HALF),
}
ROWS = 2


def model(operator, shape, weights, fp16=False, **attributes):
    kind = np.float16 if fp16 else np.float32
    named = [numpy_helper.from_array(values.astype(kind), f"w{number}") for number, values in enumerate(weights)]
    given, made = ("half", "half_out") if fp16 else ("x", "y")
    nodes = [helper.make_node(operator, [given, *(weight.name for weight in named)], [made], **attributes)]
    if fp16:
        nodes = [helper.make_node("Cast", ["x"], [given], to=TensorProto.FLOAT16), *nodes,
                 helper.make_node("Cast", [made], ["y"], to=TensorProto.FLOAT)]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *shape])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, operator, inputs, outputs, named)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


for name, (operator, shape, weights, attributes) in OPERATORS.items():
    folder = Path(sys.argv[1]) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model(operator, shape, weights, **attributes))
    (folder / "model.json").write_text(json.dumps({"batching": "off"}))
    (folder / "request.json").write_text(json.dumps({"inputs": uniform(ROWS, *shape).round(3).astype(float).tolist()}))
