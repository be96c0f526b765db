"""Arrays made of numbers: ranges, identity matrices, vectors of scalars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.dtypes import check_dtype, dtype_info, promote
from gradc.errors import ArgumentError, ArgumentTypeError, message, printable
from gradc.graph.variable import Constant, Variable
from gradc.kernel.scalar import scalar_fn
from gradc.ops.compare import eq, maximum
from gradc.ops.convert import as_variable, common_dtype, is_weak, static_int
from gradc.ops.declare import Sample, call, declared, elemwise
from gradc.ops.elemwise import cast, int_div
from gradc.ops.kinds import Iota
from gradc.ops.lengths import counts_of, lengths_of, shape_tuple
from gradc.ops.rules import compare
from gradc.ops.stacking import stack
from gradc.options import config

__all__ = ["arange", "eye", "identity_like", "shape"]


@declared(
    Iota,
    ref=lambda n, *, dtype: np.arange(max(int(n), 0)).astype(dtype),
    pullback=lambda cts, outs, n, *, dtype: (None,),
    samples=(Sample(lambda f, n: f(n), ((),), ("int64",)),),
)
def iota(n: Any, dtype: str = "int64") -> Variable:
    """0, 1, ... n-1 as a vector; none if n is negative. No gradient."""
    (count,) = lengths_of("arange", n)
    known = static_int(count)
    if known is not None and known < 0:
        count = Constant(np.asarray(0, "int64"))
    return call("iota", count if known is not None else maximum(count, 0), dtype=dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Variable:
    """Numbers from start (0) in steps up to but not including stop, as a vector.

    dtype: promoted from the arguments (int64 for Python ints).  Lengths of integers may be
    computed; float ends and steps must be numbers.  No gradient passes.
    Raises: ArgumentError for step 0, ArgumentTypeError for float variables.
    """
    if stop is None:
        start, stop = 0, start
    ends = (start, stop, step)
    for each in ends:
        if not isinstance(each, (int, float, np.ndarray, np.generic, Variable)):
            what = f"arange: ends and steps are numbers, got {printable(repr(each), 60)}."
            raise ArgumentTypeError(message(what, fix="pass ints, floats or integer scalars."))
    kind = check_dtype(dtype) if dtype is not None else _range_dtype(ends)
    if not any(isinstance(each, Variable) for each in ends):
        if step == 0:
            raise ArgumentError(message("arange: step must not be 0."))
        return _fixed_range(ends, kind)
    first, last, by = (_whole(each) for each in ends)
    number = static_int(by)
    if number == 0:
        raise ArgumentError(message("arange: step must not be 0."))
    span = last - first
    count = span if number == 1 else -int_div(-span, by)
    places = iota(count, "int64")
    if number != 1:
        places = places * by
    if static_int(first) != 0:
        places = places + first
    return cast(places, kind)


def _range_dtype(ends: Sequence[Any]) -> str:
    strong = [each.dtype for each in ends if not is_weak(each) and hasattr(each, "dtype")]
    weak = [each for each in ends if is_weak(each)]
    kind = common_dtype([str(dtype) for dtype in strong], weak)
    return kind if dtype_info(kind).is_float else promote(kind, "int64")


def _fixed_range(ends: Sequence[Any], dtype: str) -> Variable:
    values = np.arange(*ends).astype(dtype)
    if dtype_info(dtype).is_integer and ends[0] == 0 and ends[2] == 1:
        return iota(len(values), dtype)
    return Constant(values)


def _whole(value: Any) -> Variable:
    found = as_variable(value)
    if found.ndim or not dtype_info(found.dtype).is_integer:
        what = f"arange: computed ends and steps are integer scalars, got {found.type}."
        raise ArgumentTypeError(message(what, fix="use arange(n) * step + start."))
    return cast(found, "int64")


def eye(n: Any, m: Any = None, k: Any = 0, dtype: Any = None) -> Variable:
    """Ones on diagonal k, zeros elsewhere; shape [n, m], m = n by default; dtype: floatX.

    Raises: ArgumentTypeError for what is no whole number, ShapeError for a length below 0.
    """
    count, width = counts_of("eye", [n, n if m is None else m])
    kind = check_dtype(dtype or config.floatX)
    column = call("dimshuffle", iota(count), order=(0, "x"))
    return cast(eq(column + diagonal_number("eye", k), iota(width)), kind)


def diagonal_number(name: str, k: Any) -> Variable:
    """Which diagonal, as an int64 scalar. Raises: ArgumentTypeError for no whole number."""
    found = as_variable(k)
    if found.ndim or not dtype_info(found.dtype).is_integer:
        what = f"{name}: the diagonal k is a whole number, got {printable(repr(k), 60)}."
        raise ArgumentTypeError(message(what, fix="0 is the main one, 1 the one above it."))
    return cast(found, "int64")


same_place = elemwise(
    "same_place",
    doc="Whether two positions are one. As eq, but that it is only asked to make unit vectors,\n"
    "which products are spared (rewrite/products.py).",
    dtype=compare,
    c=scalar_fn("{x} == {y}"),
    ref=np.equal,
    pullback=lambda cts, outs, x, y: (None, None),
    arity=2,
    commutes=True,
)


def unit_vectors(n: Any, dtype: str) -> Variable:
    """Each unit vector of n numbers as a row: the cotangents of a jacobian.

    As eye(n), but a product with it is what it multiplies, infinities and nans included: each row
    stands for the choice of one element, not for a product the user wrote.
    """
    places = iota(n)
    column = call("dimshuffle", places, order=(0, "x"))
    return cast(same_place(column, call("dimshuffle", places, order=("x", 0))), dtype)


def identity_like(x: Any) -> Variable:
    """The identity matrix with the shape and dtype of x."""
    x = as_variable(x)
    rows, cols = shape_tuple(x)
    return eye(rows, cols, dtype=x.dtype)


def shape(x: Any) -> Variable:
    """The lengths of x as an int64 vector (x.shape is a tuple of scalars)."""
    lengths = shape_tuple(x)
    if not lengths:
        return Constant(np.empty(0, "int64"))
    if all(isinstance(each, Constant) for each in lengths):
        return Constant(np.array([static_int(each) for each in lengths], "int64"))
    return stack(lengths)
