"""Programs with random streams: within the spread of what Theano 1.0.5 gave.

The numbers of a stream are not Theano's, so what a program ends with is held to a band: a middle
and how far off it may be, several standard deviations of repeated runs of either.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gradc import config
from gradc.compat import theano as compat

sys.path.insert(0, str(Path(__file__).parent))
import record

BANDS = {
    "dropout": {
        "accuracy": (0.95, 0.06), "cost": (0.40, 0.08), "kept": (0.7, 0.02), "scale": (1.0, 0.03),
        "two calls differ": (0.42, 0.06),
    },
    "denoising": {
        "first 0.0": (6.982590816733845, 1e-5), "last 0.0": (2.994278261379807, 1e-5),
        "kept 0.0": (1.0, 0.0), "first 0.3": (8.8, 0.4), "last 0.3": (4.3, 0.4),
        "kept 0.3": (0.7, 0.03),
    },
    "gibbs": {"mean": (0.5, 0.25), "together": (1.0, 0.05), "apart": (1.0, 0.05)},
}  # fmt: skip


@pytest.fixture
def theano() -> Iterator[None]:
    compat.install({})
    yield
    compat.uninstall()
    sys.modules.pop("digits", None)


@pytest.mark.parametrize(
    ("name", "floatX"),
    [
        ("dropout", "float32"),
        ("denoising", "float64"),
        pytest.param("gibbs", "float32", marks=pytest.mark.slow),
    ],
)
def test_a_program_ends_in_its_band(theano: None, name: str, floatX: str) -> None:
    with config.override(floatX=floatX):
        found = record.run(name)
    assert found.keys() == BANDS[name].keys()
    for key, (middle, width) in BANDS[name].items():
        assert np.all(np.abs(np.asarray(found[key]) - middle) <= width), (key, found[key])
