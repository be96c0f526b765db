"""Arrays that results are written into, as DebugMode tries them: out= of every kind.

Takes a compiled function without updates and what it gives; raises BadThunkOutput where an array
that was given gets something else than a new one, or where one that cannot be used is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.call.arguments import describe_value
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    BadThunkOutput,
    Message,
    Where,
    message,
    printable,
)
from gradc.graph.describe import elements

__all__ = ["KINDS", "check_given", "kinds_of"]

Array = npt.NDArray[Any]

KINDS = ("initial", "previous", "c_contiguous", "f_contiguous", "strided", "wrong_size")


def kinds_of(text: Any) -> tuple[str, ...]:
    """Kinds as Theano writes them, "initial:previous" or "ALL".

    Raises: ArgumentError, ArgumentTypeError.
    """
    if not isinstance(text, str):
        what = f"DebugMode: check_preallocated_output is text, got {printable(repr(text), 60)}."
        raise ArgumentTypeError(message(what, fix='write "initial:strided", "ALL", or "".'))
    words = KINDS if text == "ALL" else tuple(filter(None, text.split(":")))
    for word in words:
        if word not in KINDS:
            what = f"DebugMode: check_preallocated_output knows no {printable(word, 60)!r}."
            raise ArgumentError(message(what, fix=f'use "ALL", or some of {", ".join(KINDS)}.'))
    return words


def check_given(
    name: str,
    function: Callable[..., Any],
    arguments: Sequence[Array],
    kinds: Sequence[str],
    previous: list[Array],
) -> None:
    """Call the function with arrays of all kinds to write into.

    function: gives a list.  previous: the arrays of the last time, which are replaced.
    """
    new = function(*arguments)
    for k, wanted in enumerate(new):
        for kind in kinds:
            for array in _arrays(kind, wanted, previous[k] if previous else None):
                _try(name, function, arguments, (k, len(new)), kind, array, wanted)
    previous[:] = new


def _arrays(kind: str, wanted: Array, before: Array | None) -> Iterator[Array]:
    """Arrays of a kind for a result, full of something else."""
    shape, dtype = wanted.shape, wanted.dtype
    if kind == "previous":
        if before is not None and before.shape == shape:
            yield before.copy()
        return
    if kind == "wrong_size":
        for axis, by in [(axis, by) for axis in range(wanted.ndim) for by in (1, -1)]:
            lengths = [n + by * (k == axis) for k, n in enumerate(shape)]
            if min(lengths) >= 0:
                yield _filled(np.empty(lengths, dtype))
        return
    if kind == "strided":
        for step in (2, -2) if wanted.ndim else ():
            large = _filled(np.empty([2 * n for n in shape], dtype))
            yield large[tuple(slice(None, None, step) for _ in shape)]
        return
    yield _filled(np.empty(shape, dtype, order="F" if kind == "f_contiguous" else "C"))


def _filled(array: Array) -> Array:
    kind = array.dtype.kind
    array[...] = np.nan if kind == "f" else True if kind == "b" else np.iinfo(array.dtype).max
    return array


def _try(
    name: str, function: Callable[..., Any], arguments: Sequence[Array], place: tuple[int, int],
    kind: str, array: Array, wanted: Array,
) -> None:  # fmt: skip
    k, count = place
    out = [array if position == k else None for position in range(count)]
    before = array.copy()
    fits = array.shape == wanted.shape and array.flags.c_contiguous
    try:
        got = function(*arguments, out=out)[k]
    except (ArgumentError, ArgumentTypeError):
        if not fits and _same(array, before):
            return
        raise
    if not fits or got is not array or not _same(array, wanted):
        raise BadThunkOutput(_text(name, k, kind, array, wanted))


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def _shown(array: Array) -> str:
    return f"{describe_value(array)} {elements(array) if array.size else ''}".rstrip()


def _text(name: str, k: int, kind: str, array: Array, wanted: Array) -> Message:
    what = f"{name}: output {k} in an array that was given ({kind}) is not what a new one holds."
    rows = [Where(word, got=_shown(each)) for word, each in (("given", array), ("new", wanted))]
    return message(what, rows, "leave out= out meanwhile, and report it.")
