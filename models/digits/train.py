#!/usr/bin/env python3
"""Train a small convolutional network on scikit-learn's bundled digits, in plain NumPy,
and export it to ONNX."""
import os

# One BLAS thread: sums come in the same order each time, so the bytes stay the same.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

FLOOR = 0.97  # least accuracy accepted on the held-out rows
SEED = 5
EPOCHS = 30
BATCH = 32
LABELS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
F32 = np.float32


# --- The network: conv 3x3 (16) - ReLU - conv 3x3 (32) - ReLU - max pool 2x2 - dense 10.

def new_weights(rng):
    def he(*shape):  # He initialisation for layers followed by ReLU
        fan_in = int(np.prod(shape[1:]))
        return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(F32)
    return {"conv1_w": he(16, 1, 3, 3), "conv1_b": np.zeros(16, F32),
            "conv2_w": he(32, 16, 3, 3), "conv2_b": np.zeros(32, F32),
            "dense_w": he(10, 512), "dense_b": np.zeros(10, F32)}


def patches(x):
    """[N,C,8,8] to [N*64, C*9]: the 3x3 surroundings of each pixel, zero padded (im2col)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1] * 9)


def patches_back(grad, channels):
    """The gradient of patches(): every patch value is added back to its pixel."""
    grad = grad.reshape(-1, 8, 8, channels, 3, 3)
    padded = np.zeros((grad.shape[0], channels, 10, 10), F32)
    for i in range(3):
        for j in range(3):
            padded[:, :, i:i + 8, j:j + 8] += grad[..., i, j].transpose(0, 3, 1, 2)
    return padded[:, :, 1:9, 1:9]


def conv(x, weight, bias):
    columns = patches(x)
    y = columns @ weight.reshape(len(weight), -1).T + bias
    return y.reshape(-1, 8, 8, len(weight)).transpose(0, 3, 1, 2), columns


def conv_back(grad, columns, weight):
    grad = grad.transpose(0, 2, 3, 1).reshape(-1, len(weight))
    back = patches_back(grad @ weight.reshape(len(weight), -1), weight.shape[1])
    return back, (grad.T @ columns).reshape(weight.shape), grad.sum(0)


def loss_gradients(w, x, y):
    """Gradients of the mean cross-entropy for one batch."""
    n = len(x)
    z1, columns1 = conv(x, w["conv1_w"], w["conv1_b"])
    a1 = np.maximum(z1, 0)
    z2, columns2 = conv(a1, w["conv2_w"], w["conv2_b"])
    a2 = np.maximum(z2, 0)
    blocks = a2.reshape(n, 32, 4, 2, 4, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, 512, 4)
    largest = blocks.argmax(2)[..., None]
    flat = np.take_along_axis(blocks, largest, 2)[..., 0]
    scores = flat @ w["dense_w"].T + w["dense_b"]

    scores = np.exp(scores - scores.max(1, keepdims=True))
    d_scores = scores / scores.sum(1, keepdims=True)
    d_scores[np.arange(n), y] -= 1
    d_scores /= n
    g = {"dense_w": d_scores.T @ flat, "dense_b": d_scores.sum(0)}
    d_blocks = np.zeros_like(blocks)
    np.put_along_axis(d_blocks, largest, (d_scores @ w["dense_w"])[..., None], 2)
    d_a2 = d_blocks.reshape(n, 32, 4, 4, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, 32, 8, 8)
    d_a1, g["conv2_w"], g["conv2_b"] = conv_back(d_a2 * (z2 > 0), columns2, w["conv2_w"])
    _, g["conv1_w"], g["conv1_b"] = conv_back(d_a1 * (z1 > 0), columns1, w["conv1_w"])
    return g


def train(pixels, digits):
    rng = np.random.default_rng(SEED)
    x = (pixels / 16).reshape(-1, 1, 8, 8).astype(F32)
    w = new_weights(rng)
    mean = {k: np.zeros_like(v) for k, v in w.items()}
    square = {k: np.zeros_like(v) for k, v in w.items()}
    step = 0
    for epoch in range(EPOCHS):
        rate = 2e-3 * (1 - epoch / EPOCHS)
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            rows = order[start:start + BATCH]
            step += 1
            for k, g in loss_gradients(w, x[rows], digits[rows]).items():  # Adam
                mean[k] = F32(0.9) * mean[k] + F32(0.1) * g
                square[k] = F32(0.999) * square[k] + F32(0.001) * g * g
                w[k] -= (F32(rate / (1 - 0.9 ** step)) * mean[k]
                         / (np.sqrt(square[k] / F32(1 - 0.999 ** step)) + F32(1e-8)))
    return w


# --- Export

def export(w):
    node = helper.make_node
    nodes = [
        node("Mul", ["pixels", "scale"], ["scaled"]),
        node("Reshape", ["scaled", "image_shape"], ["image"]),
        node("Conv", ["image", "conv1_w", "conv1_b"], ["z1"], kernel_shape=[3, 3], pads=[1] * 4),
        node("Relu", ["z1"], ["a1"]),
        node("Conv", ["a1", "conv2_w", "conv2_b"], ["z2"], kernel_shape=[3, 3], pads=[1] * 4),
        node("Relu", ["z2"], ["a2"]),
        node("MaxPool", ["a2"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", ["pooled"], ["flat"]),
        node("Gemm", ["flat", "dense_w", "dense_b"], ["scores"], transB=1),
        node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    constants = dict(w, scale=F32(1 / 16), image_shape=np.array([-1, 1, 8, 8], np.int64))
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 64])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])
    model = helper.make_model(graph, ir_version=10, producer_name="skiff-models",
                              opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent,
                        help="folder to write model.onnx, labels.txt, sample.json and "
                             "reply.json to")
    args = parser.parse_args()

    pixels, digits = load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(
        pixels.astype(F32), digits, test_size=0.25, random_state=SEED, stratify=digits)
    model = export(train(train_x, train_y))

    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answers = session.run(None, {"pixels": test_x})[0].argmax(1)
    accuracy = float((answers == test_y).mean())
    print(f"held-out accuracy {accuracy:.4f} on {len(test_y)} rows")
    if accuracy < FLOOR:
        sys.exit(f"accuracy is below the floor of {FLOOR}")

    # The sample: the first held-out seven and the first held-out two.
    rows = test_x[[int(np.argmax(test_y == 7)), int(np.argmax(test_y == 2))]]
    probabilities = session.run(None, {"pixels": rows})[0]
    reply = {"predictions": [[float(str(p)) for p in row] for row in probabilities],
             "labels": [LABELS[row.argmax()] for row in probabilities]}
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    (args.out / "labels.txt").write_text("\n".join(LABELS) + "\n")
    (args.out / "sample.json").write_text(
        json.dumps({"instances": rows.astype(int).tolist()}) + "\n")
    (args.out / "reply.json").write_text(json.dumps(reply) + "\n")


if __name__ == "__main__":
    main()
