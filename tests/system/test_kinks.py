"""The tables of docs/design.md: gradients where there is none, and under guards."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import gradc
import gradc.tensor as T

pytestmark = pytest.mark.usefixtures("quickly")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "design.md"
ROW = re.compile(r"\| `(.*\bx\b.*)` \| (\S+) \| (\S+) \|")
ROWS = [match.groups() for match in map(ROW.fullmatch, PAGE.read_text().splitlines()) if match]


def test_the_page_has_its_tables() -> None:
    assert len(ROWS) >= 12


@pytest.mark.parametrize("mode", ["FAST_RUN", "REFERENCE"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", ROWS, ids=[f"{text} at {at}" for text, at, _ in ROWS])
def test_gradients_are_those_of_the_page(row: tuple[str, str, str], dtype: str, mode: str) -> None:
    text, at, expected = row
    x = T.scalar("x", dtype=dtype)
    cost = eval(text, {"T": T, "x": x, "np": np})
    one = np.ones((), dtype)
    both = [T.grad(cost, x), T.jvp(cost, x, one), T.jvp(cost, x, one, stabilize=False)]
    f = gradc.function([x], both, mode=mode, on_unused_input="ignore")
    for got in f(np.dtype(dtype).type(at)):
        np.testing.assert_allclose(got, float(expected), rtol=1e-6)
