"""Writes an encoder of BERT-base's shape and size (12 layers, 109 M weights, 22 GFLOP for a row of 128 tokens) with random weights into
FOLDER/transformer. Its output is the pooled first token. Without batching, so that each request is one run, as in peers/ort-python:

    python bench/models/transformer.py FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

LAYERS, WIDTH, HEADS, INNER, WORDS, LENGTH = 12, 768, 12, 3072, 30522, 128
random = np.random.default_rng(1)
nodes, weights = [], []


def constant(values):
    name = f"c{len(weights)}"
    weights.append(numpy_helper.from_array(np.asarray(values), name))
    return name


def weight(*shape):
    return constant((random.standard_normal(shape, dtype=np.float32) * 0.02))


def node(operator, *inputs, **attributes):
    output = f"{operator.lower()}{len(nodes)}"
    nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
    return output


def dense(given, rows, columns):
    return node("Add", node("MatMul", given, weight(rows, columns)), weight(columns))


def normalised(given):
    return node("LayerNormalization", given, constant(np.ones(WIDTH, np.float32)), constant(np.zeros(WIDTH, np.float32)))


def heads(given, order):
    return node("Transpose", node("Reshape", dense(given, WIDTH, WIDTH), constant([0, 0, HEADS, WIDTH // HEADS])), perm=order)


def attention(given):
    query, key, value = heads(given, [0, 2, 1, 3]), heads(given, [0, 2, 3, 1]), heads(given, [0, 2, 1, 3])
    scores = node("Div", node("MatMul", query, key), constant(np.float32(np.sqrt(WIDTH // HEADS))))
    mixed = node("Transpose", node("MatMul", node("Softmax", scores, axis=-1), value), perm=[0, 2, 1, 3])
    return dense(node("Reshape", mixed, constant([0, 0, WIDTH])), WIDTH, WIDTH)


def gelu(given):
    error = node("Erf", node("Div", given, constant(np.float32(np.sqrt(2)))))
    return node("Mul", node("Mul", given, node("Add", error, constant(np.float32(1)))), constant(np.float32(0.5)))


def network():
    value = normalised(node("Add", node("Gather", weight(WORDS, WIDTH), "ids"), weight(LENGTH, WIDTH)))
    for _ in range(LAYERS):
        value = normalised(node("Add", value, attention(value)))
        value = normalised(node("Add", value, dense(gelu(dense(value, WIDTH, INNER)), INNER, WIDTH)))
    first = node("Gather", value, constant(0), axis=1)
    nodes.append(helper.make_node("Tanh", [dense(first, WIDTH, WIDTH)], ["pooled"]))
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", LENGTH])]
    outputs = [helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["batch", WIDTH])]
    graph = helper.make_graph(nodes, "transformer", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


folder = Path(sys.argv[1]) / "transformer"
folder.mkdir(parents=True, exist_ok=True)
(folder / "model.onnx").write_bytes(network())
(folder / "model.json").write_text(json.dumps({"batching": "off"}))
