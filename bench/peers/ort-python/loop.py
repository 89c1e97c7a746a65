"""What a server of ONNX Runtime would do with no server: one session that runs one request over and over, with ONNX Runtime's defaults.
Prints, as JSON, the rows of each second, the latency of the runs, and the first numbers of the answer to REQUEST's first row.

    python loop.py MODEL REQUEST NAME DATATYPE SHAPE PROVIDER SECONDS

PRELOAD=no takes CUDA's libraries from LD_LIBRARY_PATH alone, and not from NVIDIA's wheels. REQUEST is a file with the input NAME as V2 lays it out in binary, in little endian; SHAPE is 8x3x224x224, its outermost dimension the batch.
"""
import contextlib
import json
import os
import statistics
import sys
import time

import numpy as np
import onnxruntime

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
WARM_UP = 1  # seconds


def main(model, request, name, datatype, shape, provider, seconds):
    if provider == "cuda" and os.environ.get("PRELOAD") != "no" and hasattr(onnxruntime, "preload_dlls"):
        with contextlib.redirect_stdout(sys.stderr):  # where it says what it did not find
            onnxruntime.preload_dlls()  # those of NVIDIA's wheels, if they are there
    session = onnxruntime.InferenceSession(model, providers=[PROVIDERS[provider]])
    if session.get_providers()[0] != PROVIDERS[provider]:
        sys.exit(f"ONNX Runtime {onnxruntime.__version__} runs on {session.get_providers()[0]} here, not on {PROVIDERS[provider]}")
    values = np.fromfile(request, {"FP32": "<f4", "INT64": "<i8"}[datatype]).reshape([int(length) for length in shape.split("x")])
    inputs = {name: values}
    end = time.perf_counter() + WARM_UP
    while True:
        answer = session.run(None, inputs)
        if time.perf_counter() > end:
            break
    start = before = time.perf_counter()
    runs = []
    while before - start < float(seconds):
        session.run(None, inputs)
        now = time.perf_counter()
        runs.append(now - before)
        before = now
    print(json.dumps({
        "onnxruntime": onnxruntime.__version__, "runs": len(runs), "rowsPerSecond": round(len(values) * len(runs) / sum(runs), 2),
        "p50Micros": round(statistics.median(runs) * 1e6, 1), "p99Micros": round(sorted(runs)[int(0.99 * (len(runs) - 1))] * 1e6, 1),
        "answer": [float(value) for value in answer[0][0][:16]],
    }))


main(*sys.argv[1:])
