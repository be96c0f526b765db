"""The pages for those who come from elsewhere: their programs run, and both sides agree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"```python ?(\w*)\n(.*?)```", re.DOTALL)


def run(page: str, side: str) -> list[Any]:
    """Execute the blocks of one side, one program; gives what it calls `answer` at last."""
    blocks = [code for kind, code in BLOCK.findall((DOCS / page).read_text()) if kind == side]
    assert blocks
    names: dict[str, Any] = {"__name__": page}
    exec(compile("\n".join(blocks), page, "exec"), names)  # the project's own text
    return [np.asarray(each) for each in names["answer"]]


OTHERS = ["jax", "torch"]


@pytest.mark.parametrize("other", OTHERS)
def test_our_side_learns(other: str) -> None:
    assert 0 < run(f"coming-from-{other}.md", "")[0] < 0.5


@pytest.mark.parametrize("other", OTHERS)
def test_both_sides_give_the_same(other: str) -> None:
    pytest.importorskip(other)
    page = f"coming-from-{other}.md"
    ours = run(page, "")
    for got, want in zip(ours, run(page, other), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-8)
