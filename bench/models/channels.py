"""Writes a model that takes an image and does next to nothing with it, the mean of each channel, into FOLDER/channels: what a
request to it costs is the way of its 150,528 numbers to the model. Without batching, so that each request is one run:

    python bench/models/channels.py FOLDER
"""

import json
import sys
from pathlib import Path

from onnx import TensorProto, helper

nodes = [helper.make_node("ReduceMean", ["image"], ["means"], axes=[2, 3], keepdims=0)]
inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 224, 224])]
outputs = [helper.make_tensor_value_info("means", TensorProto.FLOAT, ["batch", 3])]
graph = helper.make_graph(nodes, "channels", inputs, outputs)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

folder = Path(sys.argv[1]) / "channels"
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.onnx").write_bytes(model.SerializeToString())
(folder / "model.json").write_text(json.dumps({"batching": "off"}))
