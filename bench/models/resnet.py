"""Writes a network of ResNet-18's shape and size (11.7 M weights, 3.6 GFLOP a row) with random weights into FOLDER/resnet, or of
ResNet-50's (25.6 M, 8.2 GFLOP) into FOLDER/resnet50: a model that computes so long that what a server costs beside it shows as a share.
Batch normalisation is folded into the convolutions, as exporters do. Without batching, so that each request is one run, as in
peers/ort-loop and peers/ort-python:

    python bench/models/resnet.py FOLDER [50]
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

CHANNELS = [64, 128, 256, 512]
CLASSES = 1000
random = np.random.default_rng(1)
nodes, weights = [], []


def weight(name, *shape, scale):
    weights.append(numpy_helper.from_array((random.standard_normal(shape) * scale).astype(np.float32), name))
    return name


def node(operator, inputs, **attributes):
    output = f"{operator.lower()}{len(nodes)}"
    nodes.append(helper.make_node(operator, inputs, [output], **attributes))
    return output


def convolution(given, channels, wanted, kernel, stride, gain=2.0):
    name = f"w{len(nodes)}"
    scale = np.sqrt(gain / (channels * kernel * kernel))
    weight(name, wanted, channels, kernel, kernel, scale=scale)
    weight(f"{name}b", wanted, scale=0.01)
    return node("Conv", [given, name, f"{name}b"], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4)


def block(given, channels, wanted, stride):
    inner = node("Relu", [convolution(given, channels, wanted, 3, stride)])
    inner = convolution(inner, wanted, wanted, 3, 1, gain=0.5)  # so that the sums don't grow from block to block
    beside = given if channels == wanted else convolution(given, channels, wanted, 1, stride, gain=1.0)
    return node("Relu", [node("Add", [inner, beside])])


def bottleneck(given, channels, wanted, stride):
    inner = node("Relu", [convolution(given, channels, wanted // 4, 1, 1)])
    inner = node("Relu", [convolution(inner, wanted // 4, wanted // 4, 3, stride)])
    inner = convolution(inner, wanted // 4, wanted, 1, 1, gain=0.5)
    beside = given if channels == wanted else convolution(given, channels, wanted, 1, stride, gain=1.0)
    return node("Relu", [node("Add", [inner, beside])])


def network(layer, widening, depths):
    value = node("Relu", [convolution("image", 3, CHANNELS[0], 7, 2)])
    value = node("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = CHANNELS[0]
    for narrow, depth in zip(CHANNELS, depths):
        wanted = narrow * widening
        value = layer(value, channels, wanted, 1 if narrow == CHANNELS[0] else 2)
        for _ in range(depth - 1):
            value = layer(value, wanted, wanted, 1)
        channels = wanted
    value = node("Flatten", [node("GlobalAveragePool", [value])])
    weight("w", channels, CLASSES, scale=np.sqrt(1 / channels))
    weight("b", CLASSES, scale=0.01)
    nodes.append(helper.make_node("Gemm", [value, "w", "b"], ["scores"]))
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 224, 224])]
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", CLASSES])]
    graph = helper.make_graph(nodes, "resnet", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


fifty = sys.argv[2:] == ["50"]
folder = Path(sys.argv[1]) / ("resnet50" if fifty else "resnet")
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.onnx").write_bytes(network(bottleneck, 4, [3, 4, 6, 3]) if fifty else network(block, 1, [2, 2, 2, 2]))
(folder / "model.json").write_text(json.dumps({"batching": "off"}))
