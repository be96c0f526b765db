"""Run the programs beside this file, and print the numbers they end with as JSON.

    THEANO_FLAGS=cxx=,linker=py /path/to/python3.7 tests/compat/record.py float64 > float64.json

made tests/compat/recorded/float64.json with Theano 1.0.5 (and float32.json likewise), but for
"convnet": Theano's convolutions want a C++ compiler and a BLAS to link with.  The test
runs the same function with gradc under Theano's name, and where THEANO_PYTHON names a Python that
has Theano, this file with it.
"""

import json
import os
import runpy
import sys

import numpy as np

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
NAMES = ("beginnings", "logistic_sgd", "logistic_cg", "mlp", "layers", "hessian_free", "convnet")


def plain(value):
    """Arrays as lists of Python's floats, which JSON keeps to the last digit."""
    return np.asarray(value, dtype=np.float64).tolist()


def run(name):
    """What a program calls RESULTS."""
    sys.path.insert(0, HERE)
    try:
        found = runpy.run_path(os.path.join(HERE, name + ".py"), run_name="__main__")
    finally:
        sys.path.remove(HERE)
    return {key: plain(value) for key, value in found["RESULTS"].items()}


if __name__ == "__main__":
    import theano

    theano.config.floatX = sys.argv[1]
    print(json.dumps({name: run(name) for name in NAMES}, sort_keys=True))
