"""Talks to a Skiff server through NVIDIA's tritonclient, unmodified, in its JSON and its binary mode.

    python triton_client HOST:PORT MODELS

MODELS is the folder with the samples and replies of iris, digits and language. The server has these
three and the tests' fixtures. Run by TritonClientIT.
"""

import sys
import unittest

from binary_mode import BinaryModeTest
from json_mode import JsonModeTest
from model_control import ModelControlTest

if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
