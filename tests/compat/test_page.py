"""docs/coming-from-theano.md: both programs run and agree; what it calls missing is missing."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

import gradc.compat.theano as compat

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coming-from-theano.md"
BLOCK = re.compile(r"```python ?(\w*)\n(.*?)```", re.DOTALL)


def run(side: str) -> list[Any]:
    """Execute the blocks of one side; gives what it calls `answer` at last."""
    blocks = [code for kind, code in BLOCK.findall(PAGE.read_text()) if kind == side]
    names: dict[str, Any] = {"__name__": "page"}
    try:
        exec(compile("\n".join(blocks), str(PAGE), "exec"), names)
    finally:
        compat.uninstall()
    return [np.asarray(each) for each in names["answer"]]


def test_both_sides_give_the_same() -> None:
    for ours, theirs in zip(run(""), run("theano"), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert "theano" not in sys.modules


def test_what_is_missing_stands_on_the_page() -> None:
    text = PAGE.read_text().partition("## Not there")[2]
    for word in (
        "IfElse",
        "sparse",
        "COp",
    ):
        assert f"`{word}`" in text or f"`theano.{word}`" in text, word
