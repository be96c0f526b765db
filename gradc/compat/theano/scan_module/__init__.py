"""theano.scan_module: loops over steps, under Theano's signatures.

`mode`, `profile` and `allow_gc` are about a function of Theano's own for the step.  Here the step
is part of the function that is compiled, so they have nothing to act on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc.compat.theano.scan_module import scan_utils
from gradc.compat.theano.updates import OrderedUpdates
from gradc.control import checkpoints, folds, loops, until

__all__ = [
    "foldl", "foldr", "map", "reduce", "scan", "scan_checkpoints", "scan_utils", "until",
]  # fmt: skip

Found = tuple[Any, OrderedUpdates]


def scan(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    n_steps: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
    profile: Any = False,
    allow_gc: bool | None = None,
    strict: bool = False,
    return_list: bool = False,
) -> Found:
    """gradc.scan."""
    found, updates = loops.scan(
        fn, sequences, outputs_info, non_sequences, n_steps, truncate_gradient, go_backwards,
        name=name, strict=strict, return_list=return_list,
    )  # fmt: skip
    return found, OrderedUpdates(updates)


def scan_checkpoints(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    name: str = "checkpointscan_fn",
    n_steps: Any = None,
    save_every_N: int = 10,
    padding: bool = True,
) -> Found:
    """gradc.scan_checkpoints."""
    found, updates = checkpoints.scan_checkpoints(
        fn, sequences, outputs_info, non_sequences, name, n_steps, save_every_N, padding
    )
    return found, OrderedUpdates(updates)


def map(
    fn: Callable[..., Any],
    sequences: Any,
    non_sequences: Any = None,
    truncate_gradient: int = -1,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
) -> Found:
    """The function of every row of sequences."""
    found, updates = folds.map(
        fn, sequences, non_sequences, truncate_gradient, go_backwards, name=name
    )
    return found, OrderedUpdates(updates)


def reduce(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    go_backwards: bool = False,
    mode: Any = None,
    name: str | None = None,
) -> Found:
    """What a scan's states are behind the last step."""
    found, updates = folds.reduce(
        fn, sequences, outputs_info, non_sequences, go_backwards, name=name
    )
    return found, OrderedUpdates(updates)


def foldl(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: Any = None,
    name: str | None = None,
) -> Found:
    """What `reduce` gives, from the first row to the last."""
    return reduce(fn, sequences, outputs_info, non_sequences, False, mode, name)


def foldr(
    fn: Callable[..., Any],
    sequences: Any,
    outputs_info: Any,
    non_sequences: Any = None,
    mode: Any = None,
    name: str | None = None,
) -> Found:
    """What `reduce` gives, from the last row to the first."""
    return reduce(fn, sequences, outputs_info, non_sequences, True, mode, name)
