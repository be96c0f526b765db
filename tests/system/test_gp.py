"""The example of Gaussian process regression: what scikit-learn says of the same process."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def gp() -> ModuleType:
    """The example; scikit-learn is loaded in the process that runs these tests only."""
    pytest.importorskip("sklearn")
    return importlib.import_module("examples.gp")


def test_the_learned_process_is_scikit_learns(gp: ModuleType) -> None:
    train, test = gp.load(count=120)
    found = gp.fit(train)
    other = gp.reference(found.theta, train)
    value, gradient = other.log_marginal_likelihood(found.theta, eval_gradient=True)
    np.testing.assert_allclose(found.likelihood, value, rtol=1e-9)
    np.testing.assert_allclose(found.gradient, gradient, atol=1e-7)
    assert np.abs(found.gradient).max() < 0.05
    assert found.evaluations < 60
    mean, deviation = gp.predict(found.theta, train, test.x)
    theirs, their_deviation = other.predict(test.x, return_std=True)
    np.testing.assert_allclose(mean, theirs, atol=1e-9)
    np.testing.assert_allclose(deviation, their_deviation, atol=1e-9)


@pytest.mark.slow
@pytest.mark.usefixtures("gp")
def test_the_example_prints_and_saves_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "new" / "gp.png"
    command = [sys.executable, str(ROOT / "examples" / "gp.py"), "--picture", str(picture)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert lines[0].startswith("height ")
    assert lines[2].startswith("scikit-learn's is -")
    assert picture.read_bytes().startswith(b"\x89PNG")
