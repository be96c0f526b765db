"""Comparisons, logic, choosing, limiting and rounding, element by element.

Pullbacks choose, they do not multiply: switch(c, ct, 0) lets no nan through from the branch that
was not taken.  What happens at the kinks is in docs/design.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradc import sizes
from gradc.errors import ArgumentError, message
from gradc.graph.variable import Variable
from gradc.kernel.scalar import ScalarFn, scalar_fn
from gradc.ops.convert import as_variable
from gradc.ops.declare import Operation, elemwise
from gradc.ops.elemwise import cast
from gradc.ops.lengths import zeros_like
from gradc.ops.rules import compare, logic, same, switching, test

__all__ = [
    "and_",
    "ceil",
    "clip",
    "eq",
    "floor",
    "ge",
    "gt",
    "invert",
    "iround",
    "isinf",
    "isnan",
    "largest",
    "le",
    "lt",
    "maximum",
    "minimum",
    "neq",
    "or_",
    "round",
    "round_half_away_from_zero",
    "round_half_to_even",
    "smallest",
    "switch",
    "trunc",
    "xor",
]

Array = npt.NDArray[Any]
Cts = tuple[Variable, ...]


def _comparison(name: str, c: ScalarFn, ref: Any, doc: str, commutes: bool = False) -> Operation:
    return elemwise(
        name, doc=doc, dtype=compare, c=c, ref=ref, arity=2, commutes=commutes,
        pullback=lambda cts, outs, x, y: (None, None),
    )  # fmt: skip


eq = _comparison(
    "eq", scalar_fn("{x} == {y}", complex="{x} == {y}"), np.equal,
    "Whether x equals y; nan equals nothing.", True,
)  # fmt: skip
neq = _comparison(
    "neq", scalar_fn("{x} != {y}", complex="{x} != {y}"), np.not_equal, "Whether x differs from y.",
    True,
)  # fmt: skip
lt = _comparison("lt", scalar_fn("{x} < {y}"), np.less, "Whether x is less than y.")
le = _comparison("le", scalar_fn("{x} <= {y}"), np.less_equal, "Whether x is at most y.")
gt = _comparison("gt", scalar_fn("{x} > {y}"), np.greater, "Whether x is greater than y.")
ge = _comparison("ge", scalar_fn("{x} >= {y}"), np.greater_equal, "Whether x is at least y.")


def _bitwise(name: str, sign: str, ref: Any, doc: str) -> Operation:
    small = f"({{R}})({{x}} {sign} {{y}})"
    return elemwise(
        name, doc=doc, dtype=logic, c=scalar_fn(small), ref=ref, arity=2, commutes=True,
        pullback=lambda cts, outs, x, y: (None, None),
    )  # fmt: skip


and_ = _bitwise("and", "&", np.bitwise_and, "Both, of bools; bit by bit, of integers.")
or_ = _bitwise("or", "|", np.bitwise_or, "Either, of bools; bit by bit, of integers.")
xor = _bitwise("xor", "^", np.bitwise_xor, "One of two, of bools; bit by bit, of integers.")

invert = elemwise(
    "invert",
    doc="Not, of bools; every bit flipped, of integers.",
    dtype=logic,
    c=scalar_fn("({R})~{x}", bool="!{x}"),
    ref=np.invert,
    pullback=lambda cts, outs, x: (None,),
)


def _question(name: str, c: str, ref: Any, doc: str, of_complex: str) -> Operation:
    return elemwise(
        name, doc=doc, dtype=test, ref=ref,
        c=ScalarFn({"float": c, "any": "{x} != {x}", "complex": of_complex}),
        pullback=lambda cts, outs, x: (None,),
    )  # fmt: skip


isnan = _question("isnan", "{x} != {x}", np.isnan, "Whether it is nan.", "{x} != {x}")
isinf = _question(
    "isinf", "fabs{f}({x}) == INFINITY", np.isinf, "Whether it is inf or -inf, or a part of it is.",
    "fabs{f}(gc_real_{s}({x})) == INFINITY || fabs{f}(gc_imag_{s}({x})) == INFINITY",
)  # fmt: skip


# -- choosing ----------------------------------------------------------------------------------


def _where(condition: Array, x: Array, y: Array) -> Array:
    return np.where(condition, x, y)


def _picked(c: Variable, x: Variable | None, y: Variable | None) -> Variable | None:
    if x is None and y is None:
        return None
    return switch(c, 0.0 if x is None else x, 0.0 if y is None else y)


switch: Operation = elemwise(
    "switch",
    doc="x where the condition holds, else y: switch(condition, x, y). Both are computed; a nan\n"
    "of the branch not taken reaches neither value nor gradient.",
    dtype=switching,
    c=scalar_fn("{x} ? {y} : {z}", half="{x} ? {y} : {z}", complex="{x} ? {y} : {z}"),
    ref=_where,
    pullback=lambda cts, outs, c, x, y: (
        None,
        switch(c, cts[0], 0.0),
        switch(c, 0.0, cts[0]),
    ),
    pushforward=lambda tangents, outs, c, x, y: (_picked(c, tangents[1], tangents[2]),),
    arity=3,
    by=1,
    alike=1,
)

maximum = elemwise(
    "maximum",
    doc="The greater of x and y; nan if either is. At a tie x gets the gradient.",
    dtype=same,
    c=scalar_fn("{x} > {y} ? {x} : {y}", float="{x} > {y} || {x} != {x} ? {x} : {y}", cost=2),
    ref=np.maximum,
    pullback=lambda cts, outs, x, y: (
        switch(ge(x, y), cts[0], 0.0),
        switch(lt(x, y), cts[0], 0.0),
    ),
    arity=2,
    commutes=True,
    on_sizes=sizes.maximum,
)

minimum = elemwise(
    "minimum",
    doc="The lesser of x and y; nan if either is. At a tie x gets the gradient.",
    dtype=same,
    c=scalar_fn("{x} < {y} ? {x} : {y}", float="{x} < {y} || {x} != {x} ? {x} : {y}", cost=2),
    ref=np.minimum,
    pullback=lambda cts, outs, x, y: (
        switch(le(x, y), cts[0], 0.0),
        switch(gt(x, y), cts[0], 0.0),
    ),
    arity=2,
    commutes=True,
    on_sizes=sizes.minimum,
)

_LIMIT = "{x} < {y} ? ({y} < {z} ? {y} : {z}) : ({x} > {z} ? {z} : {x})"


def _clip_pullback(cts: Cts, outs: Cts, x: Variable, low: Variable, high: Variable) -> Cts:
    return (
        switch(and_(ge(x, low), le(x, high)), cts[0], 0.0),
        switch(and_(lt(x, low), lt(low, high)), cts[0], 0.0),
        switch(or_(gt(x, high), and_(lt(x, low), ge(low, high))), cts[0], 0.0),
    )


clip = elemwise(
    "clip",
    doc="x limited to [low, high]: clip(x, low, high). The gradient passes at both ends.",
    dtype=same,
    c=scalar_fn(_LIMIT, float="{y} != {y} ? {y} : {z} != {z} ? {z} : " + _LIMIT, cost=4),
    ref=lambda x, low, high: np.minimum(np.maximum(x, low), high),
    pullback=_clip_pullback,
    arity=3,
    domain=((-5.0, 5.0), (-3.0, -1.0), (1.0, 3.0)),
)

# -- rounding ----------------------------------------------------------------------------------


def _rounding(name: str, c: str, ref: Any, doc: str) -> Operation:
    return elemwise(
        name, doc=f"{doc} Integers stay as they are; slope 0.", dtype=same, ref=ref,
        c=ScalarFn({"float": c, "any": "{x}"}),
        pullback=lambda cts, outs, x: (zeros_like(x),),
    )  # fmt: skip


def _of_floats(function: Any) -> Any:
    return lambda x: function(x) if x.dtype.kind == "f" else x


def _away(x: Array) -> Any:
    whole = np.trunc(x)
    with np.errstate(invalid="ignore"):  # inf - inf
        up = np.where(np.abs(x - whole) >= 0.5, 1, 0).astype(x.dtype)
    return np.copysign(np.abs(whole) + up, x)  # -0.2 becomes -0.0, as C rounds it


# trunc(x + the number below 0.5, with the sign of x): exact for every x, unlike adding 0.5
_HALF = {"32": "0x1.fffffep-2f", "64": "0x1.fffffffffffffp-2"}

floor = _rounding("floor", "floor{f}({x})", _of_floats(np.floor), "The integer below x.")
ceil = _rounding("ceil", "ceil{f}({x})", _of_floats(np.ceil), "The integer above x.")
trunc = _rounding("trunc", "trunc{f}({x})", _of_floats(np.trunc), "The integer towards 0.")
round_half_to_even = _rounding(
    "round_half_to_even", "rint{f}({x})", _of_floats(np.rint),
    "The nearest integer, of two the even one.",
)  # fmt: skip
round_half_away_from_zero = _rounding(
    "round_half_away_from_zero", "gc_round_away", _of_floats(_away),
    "The nearest integer, of two the one further from 0.",
)  # fmt: skip


def round(x: Any, mode: str = "half_to_even") -> Variable:
    """The nearest integer; mode says which of two: half_to_even or half_away_from_zero.

    Raises: ArgumentError for another mode.
    """
    if mode == "half_to_even":
        return round_half_to_even(x)
    if mode == "half_away_from_zero":
        return round_half_away_from_zero(x)
    what = f"round: there is no mode {mode!r}."
    raise ArgumentError(message(what, fix="use half_to_even or half_away_from_zero."))


def iround(x: Any, mode: str = "half_to_even") -> Variable:
    """As round, but as int64."""
    return cast(round(as_variable(x), mode), "int64")


# -- several at once -----------------------------------------------------------------------------


def smallest(*args: Any) -> Variable:
    """The least of several arrays, element by element; nan if one is. See minimum."""
    return _of_all("smallest", minimum, args)


def largest(*args: Any) -> Variable:
    """The greatest of several arrays, element by element; nan if one is. See maximum."""
    return _of_all("largest", maximum, args)


def _of_all(name: str, function: Operation, args: tuple[Any, ...]) -> Variable:
    if not args:
        raise ArgumentError(message(f"{name}: there is nothing to choose from."))
    found = as_variable(args[0])
    for each in args[1:]:
        found = function(found, each)
    return found
