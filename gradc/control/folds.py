"""`map`, `reduce`, `foldl`, `foldr`: scans that programs have a word for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.control.loops import scan
from gradc.graph.variable import Variable

__all__ = ["foldl", "foldr", "map", "reduce"]

Found = tuple[Any, dict[Variable, Variable]]


def map(
    fn: Callable[..., Any],
    sequences: Any,
    non_sequences: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    *,
    name: str | None = None,
) -> Found:
    """The function of every row of sequences: a scan without states. Gives (outputs, updates)."""
    return scan(
        fn, sequences, [], non_sequences, truncate_gradient=truncate_gradient,
        go_backwards=go_backwards, name=name,
    )  # fmt: skip


def reduce(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    go_backwards: bool = False,
    *,
    name: str | None = None,
) -> Found:
    """What a scan's states are behind the last step. Gives (last rows, updates)."""
    found, updates = scan(
        fn, sequences, outputs_info, non_sequences, go_backwards=go_backwards, name=name
    )
    if isinstance(found, list):
        return [each[-1] for each in found], updates
    return found[-1], updates


def foldl(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    *,
    name: str | None = None,
) -> Found:
    """What `reduce` gives, from the first row to the last."""
    return reduce(fn, sequences, outputs_info, non_sequences, name=name)


def foldr(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    *,
    name: str | None = None,
) -> Found:
    """What `reduce` gives, from the last row to the first."""
    return reduce(fn, sequences, outputs_info, non_sequences, go_backwards=True, name=name)
