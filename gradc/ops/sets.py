"""Arrays as sets, and as equal wholes: isin, union1d and kin, array_equal."""

from __future__ import annotations

from typing import Any

from gradc.dtypes import promote
from gradc.graph.variable import Variable
from gradc.ops.compare import and_, eq, isnan, lt, minimum, or_
from gradc.ops.convert import as_variable
from gradc.ops.counting import unique
from gradc.ops.declare import is_float
from gradc.ops.elemwise import cast
from gradc.ops.index import gather
from gradc.ops.lengths import length, zeros
from gradc.ops.order import searchsorted, sort
from gradc.ops.reduce import all
from gradc.ops.relabel import ravel
from gradc.ops.stacking import concatenate

__all__ = ["array_equal", "intersect1d", "isin", "setdiff1d", "setxor1d", "union1d"]


def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False
) -> Variable:
    """Which elements of an array are among the test elements: by sorting these, and searching.

    invert: which are not.  assume_unique: promised or not, the answer is the same; nan is in
    nothing.  Shapes: element's.  dtype: bool.  No gradient.
    """
    x, tests = as_variable(element), ravel(as_variable(test_elements))
    common = promote(x.dtype, tests.dtype)
    x, ordered = cast(x, common), sort(cast(tests, common), -1)
    n = length(ordered, 0)
    place = searchsorted(ordered, x)
    padded = concatenate([ordered, zeros((1,), common)])  # there is one to look at behind the last
    found = and_(lt(place, n), eq(gather(padded, place), x))
    return ~found if invert else found


def union1d(ar1: Any, ar2: Any) -> Variable:
    """The differing elements of both arrays, in ascending order: a vector."""
    found: Variable = unique(concatenate([ravel(as_variable(each)) for each in (ar1, ar2)]))
    return found


def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Variable:
    """The differing elements that stand in both arrays, in ascending order: a vector."""
    first: Variable = unique(ar1)
    return first[isin(first, ar2)]


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Variable:
    """The elements of the first array that are not in the second: differing, in ascending order.

    assume_unique: as they stand in the first array, as numpy does.
    """
    first: Variable = ravel(as_variable(ar1)) if assume_unique else unique(ar1)
    return first[isin(first, ar2, invert=True)]


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Variable:
    """The differing elements that stand in one of the arrays only, in ascending order."""
    return sort(concatenate([setdiff1d(ar1, ar2), setdiff1d(ar2, ar1)]), -1)


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Variable:
    """Whether both arrays have one shape and the same elements: one bool.

    equal_nan: nan equals nan.  No gradient.
    """
    a, b = as_variable(a1), as_variable(a2)
    if a.ndim != b.ndim:
        return as_variable(False)
    alike: Variable = as_variable(True)
    for axis in range(a.ndim):
        n, m = length(a, axis), length(b, axis)
        if None in (a.type.shape[axis], b.type.shape[axis]):
            cut = (slice(None),) * axis + (slice(minimum(n, m)),)
            a, b, alike = a[cut], b[cut], and_(alike, eq(n, m))
        elif a.type.shape[axis] != b.type.shape[axis]:
            return as_variable(False)
    same = eq(a, b)
    if equal_nan and is_float(a.dtype) and is_float(b.dtype):
        same = or_(same, and_(isnan(a), isnan(b)))
    return and_(alike, all(same))
