"""Loops in JAX's words: `scan`, `while_loop`, `fori_loop`, on containers of arrays.

Takes functions of a carry, which may be an array or lists, tuples and dicts of such; gives the
carry behind the last step.  They are gradc.scan's loops under another form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradc import tree
from gradc.control import loops
from gradc.control.checkpoints import in_blocks
from gradc.control.choice import ifelse
from gradc.control.given import until
from gradc.errors import ArgumentError, message
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.ops.calls import length_of
from gradc.ops.compare import eq, invert, maximum
from gradc.ops.convert import as_variable
from gradc.ops.create import arange
from gradc.ops.watch import assert_op

__all__ = ["fori_loop", "of_one_length", "scan", "while_loop"]

_MOST = 2**31 - 1  # steps of a loop that says no bound


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: Any = None,
    reverse: bool = False,
    checkpoint: int | str | None = None,
) -> tuple[Any, Any]:
    """f(carry, x) gives (carry, y) for each row x of xs; gives the last carry, and all ys.

    init, xs: arrays, or containers of them; the carry keeps its form, and all of xs have as many
        rows.  length: how many steps, where there is no xs.  reverse: from the last row to the
        first; row k of ys belongs to row k of xs all the same.
    checkpoint: gradients keep the carry of each so many steps only, and compute what is between
        again; "sqrt", where the number of steps is known, needs the least memory.
    Raises: ArgumentError for a carry of another form, and as gradc.scan.
    Source: JAX's function of this name.
    """
    starts, form = tree.flatten(init)
    given, rows = tree.flatten(xs) if xs is not None else ([], None)
    arrays = of_one_length([as_variable(each) for each in given])

    def both(*parts: Any) -> tuple[list[Any], list[Any], Any]:
        x = None if rows is None else tree.unflatten(rows, list(parts[: len(arrays)]))
        carry, y = f(tree.unflatten(form, list(parts[len(arrays) :])), x)
        after, found = tree.flatten(carry)
        if found != form:
            what = "scan: the carry that a step gives has another form than init."
            raise ArgumentError(message(what, fix="give containers of the same form."))
        outs, shape = ([], None) if y is None else tree.flatten(y)
        return list(after), list(outs), shape

    places = [Input(TensorType(each.dtype, each.type.shape[1:])) for each in arrays]
    _, outs, shape = both(*places, *(Input(as_variable(each).type) for each in starts))

    def step(*parts: Any) -> list[Any]:
        return [each for part in both(*parts)[:2] for each in part]

    info = [*starts, *(None for _ in outs)]
    if checkpoint is None:
        found, last, _ = loops.looped(step, arrays, info, n_steps=length, go_backwards=reverse)
        found = found[len(starts) :]
    else:
        rows_of = [each[::-1] if reverse else each for each in arrays]
        _, last, found, _ = in_blocks(step, rows_of, info, length, checkpoint, "scan")
    ys = [each[::-1] if reverse else each for each in found]
    return tree.unflatten(form, last), None if shape is None else tree.unflatten(shape, ys)


def of_one_length(arrays: list[Variable], word: str = "scan") -> list[Variable]:
    """The arrays, each known to have as many rows as the first."""
    found = arrays[:1]
    for each in arrays[1:]:
        n, m = length_of(arrays[0], 0), length_of(each, 0)
        known = arrays[0].type.shape[0], each.type.shape[0]
        if None not in known and known[0] != known[1]:
            what = f"{word}: xs have {known[0]} and {known[1]} rows."
            raise ArgumentError(message(what, fix="give all of xs as many rows."))
        found.append(each if None not in known else assert_op(each, eq(n, m)))
    return found


def while_loop(
    cond_fun: Callable[[Any], Any],
    body_fun: Callable[[Any], Any],
    init_val: Any,
    *,
    max_steps: int = _MOST,
) -> Any:
    """What body_fun gives, again and again while cond_fun of it holds; init_val if it never does.

    max_steps: the bound that a gradient backwards needs memory for; forward mode needs none.
    Source: JAX's function of this name.
    """
    starts, form = tree.flatten(init_val)

    def step(*carry: Any) -> tuple[list[Any], until]:
        new = body_fun(tree.unflatten(form, list(carry)))
        return list(tree.flatten(new)[0]), until(invert(as_variable(cond_fun(new))))

    _, lasts, _ = loops.looped(
        step, outputs_info=list(starts), n_steps=max_steps, word="while_loop"
    )
    begun = cond_fun(tree.unflatten(form, [as_variable(each) for each in starts]))
    last = ifelse(begun, lasts, list(starts))
    return tree.unflatten(form, last)


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """Val = body_fun(i, val) for i from lower to upper - 1; gives the last val.

    Source: JAX's function of this name.
    """
    first, end = as_variable(lower, dtype="int64"), as_variable(upper, dtype="int64")
    places = arange(maximum(end - first, 0)) + first
    last, _ = scan(lambda val, i: (body_fun(i, val), None), init_val, places)
    return last
