"""Programs in the manner of Theano's tutorials give under the alias what Theano 1.0.5 gave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc.compat.theano as compat
from gradc import config

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import record  # noqa: E402

pytestmark = pytest.mark.usefixtures("quickly")

TOLERANCES = {"float64": 1e-9, "float32": 2e-4}
CASES = [(name, "float64") for name in record.NAMES] + [
    (name, "float32") for name in ("beginnings", "mlp", "layers")
]


@pytest.fixture
def theano() -> Iterator[None]:
    compat.install({})
    yield
    compat.uninstall()
    sys.modules.pop("digits", None)


def recorded(floatX: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "recorded" / f"{floatX}.json").read_text())
    return found


def assert_same(found: dict[str, Any], expected: dict[str, Any], tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, tolerance, tolerance, err_msg=key)


@pytest.mark.parametrize(("name", "floatX"), CASES)
def test_a_program_gives_what_theano_gave(theano: None, name: str, floatX: str) -> None:
    with config.override(floatX=floatX):
        assert_same(record.run(name), recorded(floatX)[name], TOLERANCES[floatX])


@pytest.mark.skipif("THEANO_PYTHON" not in os.environ, reason="THEANO_PYTHON names no Python")
@pytest.mark.parametrize("floatX", TOLERANCES)
def test_the_record_is_what_theano_gives(floatX: str) -> None:
    command = [os.environ["THEANO_PYTHON"], str(HERE / "record.py"), floatX]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    for name, found in json.loads(output).items():
        assert_same(found, recorded(floatX)[name], 1e-10 if floatX == "float64" else 1e-4)
