"""Compiled, jitted and differentiated functions go to other processes as they are."""

from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.system import carried

CARRIERS = ("joblib", "dask", "distributed", "spawn", "forkserver")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_functions_are_carried_by(carrier: str) -> None:
    if carrier not in ("spawn", "forkserver") and importlib.util.find_spec(carrier) is None:
        pytest.skip(f"{carrier} is not installed")
    command = [sys.executable, str(ROOT / "tests" / "system" / "carried.py"), carrier]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert "carried" in done.stdout, done.stdout + done.stderr[-2000:]


def test_what_stands_in_a_module_goes_by_its_name() -> None:
    for made in (carried.decorated, carried.slope):
        assert pickle.loads(pickle.dumps(made)) is made
    assert b"sin" not in pickle.dumps(carried.decorated)


def test_modules_that_cloudpickle_takes_apart() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    assert cloudpickle.loads(cloudpickle.dumps(carried.decorated)) is carried.decorated
    cloudpickle.register_pickle_by_value(carried)
    try:
        copy = cloudpickle.loads(cloudpickle.dumps(carried.decorated))
    finally:
        cloudpickle.unregister_pickle_by_value(carried)
    assert copy is not carried.decorated
    np.testing.assert_allclose(copy(carried.DATA[0]), carried.decorated(carried.DATA[0]))
    assert pickle.loads(pickle.dumps(carried.decorated)) is carried.decorated
