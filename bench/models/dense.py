"""Writes a dense network whose 84 MB of weights cost more to fetch than to use on one row, so that a batch of 8 rows costs less
than 3 single ones. FOLDER gets it twice, `joined` with batching and `alone` without, to be measured in turns; ROW gets a row:

    python bench/models/dense.py FOLDER ROW
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

WIDTHS = [1024, 4096, 4096, 16]


def network():
    random = np.random.default_rng(1)
    nodes, weights, given = [], [], "x"
    for layer, (rows, columns) in enumerate(zip(WIDTHS, WIDTHS[1:])):
        last = layer == len(WIDTHS) - 2
        matrix = random.standard_normal((rows, columns)) / np.sqrt(rows)
        weights.append(numpy_helper.from_array(matrix.astype(np.float32), f"w{layer}"))
        nodes.append(helper.make_node("MatMul", [given, f"w{layer}"], ["y" if last else f"m{layer}"]))
        if not last:
            given = f"r{layer}"
            nodes.append(helper.make_node("Relu", [f"m{layer}"], [given]))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", WIDTHS[0]])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", WIDTHS[-1]])]
    graph = helper.make_graph(nodes, "dense", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


model = network()
folder = Path(sys.argv[1])
for name, batching in {"joined": "auto", "alone": "off"}.items():
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "model.onnx").write_bytes(model)
    (folder / name / "model.json").write_text(json.dumps({"batching": batching}))
row = [round(float(value), 3) for value in np.random.default_rng(2).uniform(-1, 1, WIDTHS[0])]
Path(sys.argv[2]).write_text(json.dumps(row))
