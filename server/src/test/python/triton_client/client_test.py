"""What the tests have in common: the server, the shipped models' samples, and the forms of tensors."""

import json
import sys
import unittest
from pathlib import Path

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

URL = sys.argv[1]
MODELS = Path(sys.argv[2])

# Models that answer what they are given, their datatypes, and the ends of what these can hold.
INTEGERS = [
    ("identity-bool", "BOOL", np.array([[True, False, True]])),
    ("identity-uint8", "UINT8", np.array([[0, 1, 255]], np.uint8)),
    ("identity-int8", "INT8", np.array([[-128, 0, 127]], np.int8)),
    ("identity-int16", "INT16", np.array([[-32768, 0, 32767]], np.int16)),
    ("identity-int32", "INT32", np.array([[-2**31, 0, 2**31 - 1]], np.int32)),
    ("identity-int64", "INT64", np.array([[-2**63, 0, 2**63 - 1]], np.int64)),
]


def sample(model):
    return json.loads((MODELS / model / "sample.json").read_text(encoding="utf-8"))


def reply(model):
    return json.loads((MODELS / model / "reply.json").read_text(encoding="utf-8"))


def tensor(name, values, datatype, binary=False):
    made = triton.InferInput(name, values.shape, datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def output(name):
    return triton.InferRequestedOutput(name, binary_data=False)


def binary_tensor(name, values, datatype):
    return tensor(name, values, datatype, binary=True)


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.client = triton.InferenceServerClient(URL)
        self.addCleanup(self.client.close)

    def fails(self, status, message, operation, *arguments, **options):
        with self.assertRaises(InferenceServerException) as raised:
            operation(*arguments, **options)
        self.assertIn(message, raised.exception.message())
        self.assertEqual(str(status), raised.exception.status())

    def unsigned_outputs_come_back(self, form):
        """As JSON or in binary form, whichever the function makes of the input."""
        values = np.array([[-1, 0, 1]], np.int64)
        result = self.client.infer("cast-unsigned", [form("x", values, "INT64")])
        for name, dtype in [("uint16", np.uint16), ("uint32", np.uint32), ("uint64", np.uint64)]:
            with self.subTest(name):
                self.assertEqual(dtype, result.as_numpy(name).dtype)
                np.testing.assert_array_equal(values.astype(dtype), result.as_numpy(name))
