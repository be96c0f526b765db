"""What programs hand a scan: sequences, where states begin, and what its step returns.

Takes them in all of Theano's forms; gives sequences as one array a tap, states, and the outputs,
updates and condition of a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradc.dtypes import dtype_info
from gradc.errors import ArgumentError, ArgumentTypeError, ShapeError, message, printable
from gradc.graph.describe import where
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable, WeakInput
from gradc.ops.calls import call
from gradc.ops.convert import as_variable, is_weak
from gradc.ops.elemwise import cast
from gradc.value import value

__all__ = [
    "Initial",
    "Returned",
    "Row",
    "initial_of",
    "listed",
    "returned",
    "rows_of",
    "until",
]


class until:  # noqa: N801  # Theano's name
    """The last of what a step returns: the loop ends behind the step in which it is true."""

    __slots__ = ("condition",)

    def __init__(self, condition: Any) -> None:
        self.condition = as_variable(condition)
        if self.condition.ndim:
            what = f"until: a condition is a scalar, got {self.condition.type}."
            raise ArgumentTypeError(message(what, [where(self.condition)], "use T.all or T.any."))


def listed(given: Any) -> list[Any]:
    """A list as it is, one thing as a list of it."""
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


# -- sequences -------------------------------------------------------------------------------------


@value
class Row:
    """A placeholder of the row that a step reads, and the array: row k of it in step k."""

    place: Input
    array: Variable


def rows_of(number: int, given: Any, word: str, backwards: bool) -> list[Row]:
    """The rows of one sequence, one a tap; `number` counts it among the sequences."""
    taps = [0]
    if isinstance(given, Mapping):
        unknown = [key for key in given if key not in ("input", "taps")]
        if unknown or "input" not in given:
            what = f"{word}: sequence {number} is a dict with {sorted(map(str, given))}."
            raise ArgumentError(message(what, fix="write dict(input=x, taps=[-1, 0])."))
        taps = [0] if given.get("taps") is None else list(map(int, listed(given["taps"])))
        given = given["input"]
    array = as_variable(given)
    if not array.ndim:
        what = f"{word}: sequence {number} is a scalar, which has no steps."
        raise ShapeError(message(what, [where(array)], "pass it in non_sequences."))
    if not taps:
        return []
    low, high = min(*taps, 0), max(*taps, 0)
    length = array.type.shape[0]
    if length is not None and high - low >= max(length, 1):
        what = f"{word}: taps {taps} reach beyond sequence {number}, which has length {length}."
        raise ArgumentError(message(what, [where(array)], "use taps that are closer."))
    return [_row(array, tap, low, high, backwards) for tap in taps]


def _row(array: Variable, tap: int, low: int, high: int, backwards: bool) -> Row:
    found = array
    if high != low:
        end = None if tap == high else tap - high
        found = array[tap - low : end]
    if backwards:
        found = found[::-1]
    name = None if array.name is None else f"{array.name}[{_moment(tap)}]"
    return Row(Input(TensorType(array.dtype, array.type.shape[1:]), name), found)


def _moment(tap: int) -> str:
    return f"t{tap:+d}" if tap else "t"


# -- states ----------------------------------------------------------------------------------------


@dataclass(eq=False)
class Initial:
    """Where a state begins, or that an output is no state (first is None).

    first: its first rows.  weak: the Python number that it was, whose dtype the step decides.
    """

    first: Variable | None = None
    taps: tuple[int, ...] = ()
    weak: Any = None
    row: TensorType | None = None
    name: str | None = None

    def places(self) -> list[Input]:
        """New placeholders of the rows that a step reads, in the order of the taps."""
        if self.first is None or self.row is None:
            return []
        names = [self.name and f"{self.name}[{_moment(tap)}]" for tap in self.taps]
        if self.weak is not None:
            return [WeakInput(self.row, name, self.weak) for name in names]
        return [Input(self.row, name) for name in names]

    def cast_to(self, dtype: str) -> Initial:
        """A Python number as the step's dtype wants it."""
        assert self.first is not None
        assert self.row is not None
        row = self.row.with_dtype(dtype)
        return Initial(cast(self.first, dtype), self.taps, None, row, self.name)


def initial_of(number: int, given: Any, word: str) -> Initial:
    """One entry of outputs_info."""
    if given is None:
        return Initial()
    taps = [-1]
    if isinstance(given, Mapping):
        unknown = [key for key in given if key not in ("initial", "taps")]
        if unknown:
            what = f"{word}: outputs_info {number} is a dict with {sorted(map(str, given))}."
            raise ArgumentError(message(what, fix="write dict(initial=x, taps=[-2, -1])."))
        if given.get("initial") is None:
            if given.get("taps") is not None:
                what = f"{word}: outputs_info {number} has taps and no initial state."
                raise ArgumentError(message(what, fix="give initial=, the rows before step 0."))
            return Initial()
        taps = [-1] if given.get("taps") is None else list(map(int, listed(given["taps"])))
        given = given["initial"]
    _check_taps(number, taps, word)
    start = as_variable(given)
    weak = given if is_weak(given) else None
    if taps == [-1]:
        first = call("dimshuffle", start, order=("x", *range(start.ndim)))
        return Initial(first, (-1,), weak, start.type, start.name)
    return _reaching_back(number, start, taps, word)


def _reaching_back(number: int, start: Variable, taps: Sequence[int], word: str) -> Initial:
    depth = -min(taps)
    if not start.ndim:
        what = f"{word}: the initial state of outputs_info {number} is a scalar for taps {taps}."
        raise ShapeError(message(what, [where(start)], f"give it {depth} rows, one a step before."))
    length = start.type.shape[0]
    if length is not None and length < depth:
        what = f"{word}: the initial state of outputs_info {number} has {length} row(s), taps "
        what += f"{list(taps)} need {depth}."
        raise ShapeError(message(what, [where(start)], "give it one row a step before."))
    row = TensorType(start.dtype, start.type.shape[1:])
    first = start if length == depth else start[:depth]
    return Initial(first, tuple(taps), None, row, start.name)


def _check_taps(number: int, taps: Sequence[int], word: str) -> None:
    if not taps or max(taps) >= 0 or len(set(taps)) != len(taps):
        what = f"{word}: the taps of outputs_info {number} are {list(taps)}."
        fix = "name steps before, each once, such as taps=[-2, -1]."
        raise ArgumentError(message(what, fix=fix))


# -- what a step returns ---------------------------------------------------------------------------


@dataclass(eq=False)
class Returned:
    """outputs, updates of shared variables, and the condition that ends the loop."""

    outputs: list[Variable] = field(default_factory=list)
    updates: dict[Variable, Any] = field(default_factory=dict)
    condition: Variable | None = None


def returned(given: Any, word: str) -> Returned:
    """What a step returned: outputs, then updates, then `until`, of which each may be missing.

    Updates are a dict, or a list of pairs.
    """
    if _are_outputs(given):
        return Returned(_variables(given))
    if _are_updates(given):
        return Returned(updates=dict(given))
    if isinstance(given, until):
        return Returned(condition=given.condition)
    if isinstance(given, (list, tuple)):
        parts = list(given)
        found = Returned()
        if parts and isinstance(parts[-1], until):
            found.condition = parts.pop().condition
        if parts and all(map(_is_output, parts)):
            found.outputs, parts = _variables(parts), []
        if parts and _are_outputs(parts[0]) and not _are_updates(parts[0]):
            found.outputs = _variables(parts.pop(0))
        if parts and _are_updates(parts[0]):
            found.updates = dict(parts.pop(0))
        if not parts:
            return found
    what = f"{word}: the step returned {printable(repr(given), 80)}."
    fix = "return outputs, then updates of shared variables, then gradc.until(condition)."
    raise ArgumentTypeError(message(what, fix=fix))


def _is_output(given: Any) -> bool:
    return isinstance(given, Variable) or is_weak(given) or hasattr(given, "dtype")


def _are_outputs(given: Any) -> bool:
    if isinstance(given, (list, tuple)):
        return all(map(_is_output, given))
    return _is_output(given)


def _are_updates(given: Any) -> bool:
    if isinstance(given, Mapping):
        return True
    return isinstance(given, (list, tuple)) and all(
        isinstance(each, (list, tuple)) and len(each) == 2 for each in given
    )


def _variables(given: Any) -> list[Variable]:
    return [as_variable(each) for each in listed(given)]


def is_whole(x: Variable) -> bool:
    """Whether it is a scalar of whole numbers."""
    return not x.ndim and dtype_info(x.dtype).is_integer
