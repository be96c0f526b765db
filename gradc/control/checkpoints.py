"""Loops whose gradient computes again what it reads, and that keep few of their states for it.

Takes what `scan` takes; gives a loop over blocks of steps, in which a loop runs those of a block.
The gradient goes back block by block: it runs the steps of one again, keeping what they compute,
and then backwards through them.  So n steps in blocks of sqrt(n) need memory for 2 sqrt(n) of them,
and each step is computed twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from gradc.control import loops
from gradc.control.given import listed
from gradc.errors import ArgumentError, message, printable
from gradc.graph.variable import Variable
from gradc.ops.calls import length_of
from gradc.ops.compare import minimum
from gradc.ops.convert import as_variable, is_weak, static_int
from gradc.ops.create import arange
from gradc.ops.elemwise import cast
from gradc.ops.entries import Cut, Value
from gradc.ops.index import placed_through
from gradc.ops.lengths import zeros
from gradc.ops.relabel import reshape
from gradc.ops.stacking import concatenate

__all__ = ["in_blocks", "scan_checkpoints"]


def scan_checkpoints(
    fn: Callable[..., Any],
    sequences: Any = None,
    outputs_info: Any = None,
    non_sequences: Any = None,
    name: str = "checkpointscan_fn",
    n_steps: Any = None,
    save_every_N: int | str = 10,  # Theano's name
    padding: bool = True,
) -> tuple[Any, dict[Variable, Variable]]:
    """A scan of which every save_every_N-th row is given, and kept for gradients.

    fn, sequences, outputs_info, non_sequences, n_steps, name: as scan has them; a state begins with
        the row before step 0 (no other taps), sequences are arrays.
    save_every_N: how many steps are computed again at a time; "sqrt", where the number of steps is
        known, needs the least memory.
    padding: False says that it divides the number of steps; then sequences are not copied.
    Gives (outputs, updates): of each output the rows behind each save_every_N steps, and behind
        the last.
    Raises: ArgumentError, and as scan.
    Source: Theano's operation of this name.
    """
    word = name or "scan_checkpoints"
    starts = [_start(k, each, word) for k, each in enumerate(listed(outputs_info))]
    rows = [as_variable(each) for each in listed(sequences)]
    fixed = [as_variable(each) for each in listed(non_sequences)]
    blocks, _, _, updates = in_blocks(fn, rows, starts, n_steps, save_every_N, word, padding, fixed)
    return (blocks[0] if len(blocks) == 1 else blocks), updates


def _start(k: int, given: Any, word: str) -> Any:
    """Where a state begins; None for an output that no step reads."""
    if not isinstance(given, dict):
        return given
    taps = given.get("taps", [-1])
    if given.get("initial") is None or list(taps or [-1]) != [-1]:
        what = f"{word}: output {k} has the taps {printable(repr(taps), 40)}."
        raise ArgumentError(message(what, fix="a step may read the row before alone; use scan."))
    return given["initial"]


def in_blocks(
    fn: Callable[..., Any],
    sequences: Sequence[Variable],
    starts: Sequence[Any],
    n_steps: Any,
    every: int | str,
    word: str,
    padding: bool = True,
    fixed: Sequence[Variable] = (),
) -> tuple[list[Variable], list[Variable], list[Variable], dict[Variable, Variable]]:
    """The rows of all outputs behind each block, the last rows of states, all rows of others.

    And updates.  starts: where states begin, None for the others.  fixed: as scan's non_sequences.
    """
    n = _count(sequences, n_steps, word)
    size = _size(every, n, word)
    count = (n + size - 1) // size
    known = static_int(n)
    is_whole = not padding or (known is not None and isinstance(size, int) and not known % size)
    rows = [_cut(each, n, count, size, is_whole) for each in sequences]
    alone = [k for k, each in enumerate(starts) if each is None]
    states = len(starts) - len(alone)

    def block(k: Variable, *parts: Variable) -> tuple[list[Variable], dict[Variable, Variable]]:
        here = size if is_whole else minimum(n - k * size, size)
        inside = [each if is_whole else each[:here] for each in parts[: len(rows)]]
        begun = iter(parts[len(rows) :])
        info = [None if each is None else next(begun) for each in starts]
        found, _, more = loops.looped(fn, inside, info, fixed, n_steps=here, word=word)
        gone = [found[j] if is_whole else _filled(found[j], here, size) for j in alone]
        return [*(each[-1] for each in found), *gone], more

    info = [each if each is None or is_weak(each) else as_variable(each) for each in starts]
    found, lasts, updates = loops.looped(
        block, [arange(count), *rows], [*info, *(None for _ in alone)], fixed, word=word,
        keeps=False,
    )  # fmt: skip
    whole = [
        reshape(each, (count * size, *(length_of(each, k) for k in range(2, each.ndim))))[:n]
        for each in found[states + len(alone) :]
    ]
    return found[: len(starts)], lasts, whole, updates


def _count(sequences: Sequence[Variable], n_steps: Any, word: str) -> Variable:
    """How many steps."""
    if n_steps is not None:
        return cast(as_variable(n_steps), "int64")
    if not sequences:
        what = f"{word}: neither a sequence nor n_steps says how many steps there are."
        raise ArgumentError(message(what, fix="pass n_steps=."))
    return length_of(sequences[0], 0)


def _size(every: int | str, n: Variable, word: str) -> Any:
    """How many steps a block has."""
    if every == "sqrt":
        known = static_int(n)
        if known is None:
            what = f"{word}: blocks of sqrt(n) steps, and n is not known before the call."
            fix = "give a number of steps, or declare how long the sequences are."
            raise ArgumentError(message(what, fix=fix))
        return max(math.isqrt(max(known - 1, 0)) + 1, 1)
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        what = f"{word}: the number of steps of a block is {printable(repr(every), 40)}."
        raise ArgumentError(message(what, fix='give a whole number of at least 1, or "sqrt".'))
    return every


def _cut(x: Variable, n: Variable, count: Variable, size: Any, is_whole: bool) -> Variable:
    """The rows of a sequence in blocks, zeros behind the last."""
    rest = [length_of(x, k) for k in range(1, x.ndim)]
    if not is_whole:
        x = concatenate([x[:n], zeros([count * size - n, *rest], x.dtype)])
    return reshape(x, (count, size, *rest))


def _filled(rows: Variable, here: Variable, size: Any) -> Variable:
    """The rows of a block, zeros behind them."""
    whole = zeros([size, *(length_of(rows, k) for k in range(1, rows.ndim))], rows.dtype)
    index = (Cut(None, Value(0)), *[Cut(None, None)] * (rows.ndim - 1))
    return placed_through("subtensor", rows, whole, here, index=index)
