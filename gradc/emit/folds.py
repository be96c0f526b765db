"""Kinds of folds: what a reduction's C strings become as functions of a file.

Takes Folds of nests; gives each distinct kind a name and a FoldView, and the expressions that
nests print in place where a fold runs down columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gradc.dtypes import dtype_info
from gradc.emit.views import FoldView, State
from gradc.kernel.program import Fold

__all__ = ["FoldKinds", "init_text", "is_ordered", "join_texts", "narrow", "rounds", "step_texts"]

_LANE_BYTES = 128  # two vectors of AVX-512, four of AVX2: enough to hide the latency of an addition
_MOST_LANES = 64

_Key = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], str, tuple[str, ...]]


def is_ordered(fold: Fold) -> bool:
    """Whether a step reads the position {i} of its element."""
    return any("{i}" in text for text in fold.step)


def rounds(fold: Fold) -> bool:
    """Whether the order of joining shows in the last bits: sums and products of floats."""
    floats = any(dtype_info(dtype).is_inexact for dtype in fold.states)
    return floats and not is_ordered(fold) and any(c in "+*" for c in "".join(fold.combine))


def narrow(text: str, dtype: str) -> str:
    """The expression as dtype: C computes what is smaller than int as int."""
    info = dtype_info(dtype)
    return f"({info.c_type})({text})" if info.itemsize < 4 and " " in text else text


def init_text(fold: Fold, k: int) -> str:
    """The start of component k."""
    return fold.init[k]


def step_texts(fold: Fold, states: Sequence[str], element: str, position: str) -> list[str]:
    """The components after a step, from names of locals."""
    names = {f"a{k}": name for k, name in enumerate(states)} | {"x": element, "i": position}
    return [
        narrow(text.format_map(names), dtype)
        for text, dtype in zip(fold.step, fold.states, strict=True)
    ]


def join_texts(fold: Fold, left: Sequence[str], right: Sequence[str]) -> list[str]:
    """The components of two states joined, from names of locals."""
    names = {f"a{k}": name for k, name in enumerate(left)}
    names |= {f"b{k}": name for k, name in enumerate(right)}
    return [
        narrow(text.format_map(names), dtype)
        for text, dtype in zip(fold.combine, fold.states, strict=True)
    ]


@dataclass
class FoldKinds:
    """The kinds a file needs, in the order they are met."""

    names: dict[_Key, str] = field(default_factory=dict)
    views: list[FoldView] = field(default_factory=list)

    def name(self, fold: Fold) -> str:
        """The name of the fold's type and the beginning of its functions' names."""
        key = (fold.init, fold.step, fold.combine, fold.element, fold.states)
        if key not in self.names:
            self.names[key] = f"fold{len(self.names)}"
            self.views.append(_view(self.names[key], fold))
        return self.names[key]


def _view(name: str, fold: Fold) -> FoldView:
    places = range(len(fold.states))
    types = [dtype_info(dtype).c_type for dtype in fold.states]
    left, right = [f"a{k}" for k in places], [f"b{k}" for k in places]
    steps = step_texts(fold, left, "x", "i")
    joins = join_texts(fold, left, right)
    states = tuple(
        State(left[k], f"p{k}", f"l{k}", types[k], fold.init[k], steps[k], joins[k]) for k in places
    )
    return FoldView(
        name,
        dtype_info(fold.element).c_type,
        states,
        is_ordered(fold),
        min(_LANE_BYTES // dtype_info(fold.states[0]).itemsize, _MOST_LANES),
        ", ".join(f"{types[k]} *p{k}" for k in places),
        ", ".join(f"{types[k]} b{k}" for k in places),
        ", ".join(f"&l{k}[l]" for k in places),
        ", ".join(f"l{k}[l + half]" for k in places),
        ", ".join(f"l{k}[0]" for k in places),
        ", ".join(f"&f->a{k}" for k in places),
    )
