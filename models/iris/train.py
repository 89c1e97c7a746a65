#!/usr/bin/env python3
"""Train a random forest on scikit-learn's bundled iris data and export it to ONNX."""
import argparse
import json
import pathlib
import sys

import joblib
import numpy as np
import onnx
import onnxruntime as ort
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

FLOOR = 0.90  # least accuracy accepted on the held-out rows
SEED = 11
SAMPLE = [5.1, 3.5, 1.4, 0.2]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent,
                        help="folder to write model.onnx, sample.json and reply.json to")
    parser.add_argument("--joblib", type=pathlib.Path,
                        help="also save the same trained estimator to this joblib file")
    args = parser.parse_args()

    # Float32 rows, as the ONNX graph sees them, so that both take the same branches.
    rows, classes = load_iris(return_X_y=True)
    rows = rows.astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        rows, classes, test_size=0.3, random_state=SEED, stratify=classes)
    forest = RandomForestClassifier(n_estimators=50, random_state=SEED).fit(train_x, train_y)

    # Default options on purpose: the usual skl2onnx export, whose second output is the
    # ZipMap form (a sequence of maps). A fixed graph name keeps the bytes the same.
    model = convert_sklearn(forest, name="iris", target_opset={"": 21, "ai.onnx.ml": 3},
                            initial_types=[("features", FloatTensorType([None, 4]))])
    model.ir_version = 10
    opsets = sorted(model.opset_import, key=lambda o: o.domain)  # they come in any order
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    onnx.checker.check_model(model, full_check=True)

    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    answers = session.run(["output_label"], {"features": test_x})[0]
    accuracy = float((answers == test_y).mean())
    agreement = float((answers == forest.predict(test_x)).mean())
    print(f"held-out accuracy {accuracy:.4f} on {len(test_y)} rows, "
          f"agreement of ONNX Runtime with scikit-learn {agreement:.4f}")
    if accuracy < FLOOR:
        sys.exit(f"accuracy is below the floor of {FLOOR}")

    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    label = session.run(["output_label"], {"features": np.array([SAMPLE], np.float32)})[0]
    (args.out / "sample.json").write_text(json.dumps(SAMPLE) + "\n")
    (args.out / "reply.json").write_text(json.dumps({"prediction": label.tolist()}) + "\n")
    if args.joblib:
        joblib.dump(forest, args.joblib)


if __name__ == "__main__":
    main()
