"""Covariances, histograms, and which bin a number falls into."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.dtypes import promote
from gradc.errors import ArgumentError, ShapeError, message
from gradc.graph.describe import where
from gradc.graph.variable import Constant, Variable
from gradc.ops.compare import and_, clip, eq, ge, gt, le, maximum, switch
from gradc.ops.convert import as_variable
from gradc.ops.counting import bincount
from gradc.ops.declare import Sample, composed, is_float
from gradc.ops.elemwise import cast, floating, sqrt
from gradc.ops.grids import linspace
from gradc.ops.lengths import length, zeros
from gradc.ops.linalg import dot
from gradc.ops.matrices import diagonal
from gradc.ops.order import searchsorted
from gradc.ops.reduce import max, min, sum
from gradc.ops.relabel import ravel
from gradc.ops.stacking import concatenate

__all__ = ["corrcoef", "cov", "digitize", "histogram", "histogram_bin_edges"]

Array = npt.NDArray[Any]


def _rows(name: str, m: Any, rowvar: bool) -> Variable:
    """A matrix with a variable a row."""
    x = floating(m)
    if x.ndim > 2:
        what = f"{name}: takes vectors and matrices, got {x.ndim} axes."
        raise ShapeError(message(what, [where(x)], "make a row of each variable."))
    if x.ndim < 2:
        return x.reshape((1, -1)) if x.ndim == 0 else x.dimshuffle("x", 0)
    return x if rowvar else x.T


def _weights(name: str, w: Any, dtype: str) -> Variable | None:
    if w is None:
        return None
    found = as_variable(w)
    if found.ndim != 1:
        what = f"{name}: weights are a vector, one an observation, got {found.ndim} axes."
        raise ShapeError(message(what, [where(found)], "pass weights.flatten()."))
    return cast(found, dtype)


_TABLES = (
    Sample(lambda f, x: f(x), ((3, 5),)),
    Sample(lambda f, x, y: f(x, y, rowvar=False), ((5, 2), (5, 3))),
)


@composed(
    ref=np.cov,
    samples=(
        *_TABLES,
        Sample(lambda f, x: f(x, bias=True), ((6,),)),
        Sample(lambda f, x, w: f(x, ddof=0, fweights=[1, 2, 1, 3], aweights=w * w + 1.0),
               ((2, 4), (4,))),
    ),
)  # fmt: skip
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
    fweights: Any = None, aweights: Any = None,
) -> Variable:  # fmt: skip
    """The covariance matrix of variables, one a row (rowvar=False: a column), by observations.

    y: more variables.  ddof: what is taken off the number of observations, 1 if neither it nor
    bias=True (0) says otherwise.  fweights, aweights: how often each observation is counted, and
    its weight.  One variable gives a scalar.  Integers become float64.
    Raises: ShapeError for more than two axes.
    """
    x = _rows("cov", m, rowvar)
    if y is not None:
        x = concatenate([x, _rows("cov", y, rowvar)])
    less = (0 if bias else 1) if ddof is None else ddof
    frequencies = _weights("cov", fweights, x.dtype)
    weights = _weights("cov", aweights, x.dtype)
    both = weights if frequencies is None else frequencies
    if weights is not None and frequencies is not None:
        both = frequencies * weights
    if both is None:
        total: Variable = cast(length(x, 1), x.dtype)
        centred = x - sum(x, axis=1, keepdims=True) / total
        other = centred
    else:
        total = sum(both)
        centred = x - sum(x * both, axis=1, keepdims=True) / total
        other = centred * both
    count = total - float(less)
    if weights is not None and both is not None and less:
        count = total - float(less) * sum(both * weights) / total
    found = dot(centred, other.T) / switch(gt(count, 0.0), count, 0.0)
    return found[0, 0] if found.type.shape == (1, 1) else found


@composed(ref=np.corrcoef, samples=_TABLES)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Variable:
    """The correlation of variables, one a row: their covariance over both standard deviations.

    Between -1 and 1; nan for a variable that does not vary.  As cov otherwise.
    """
    found = cov(x, y, rowvar)
    if found.ndim == 0:
        return found / found
    deviation = sqrt(diagonal(found))
    return clip(found / deviation[:, None] / deviation, -1.0, 1.0)


# -- bins ------------------------------------------------------------------------------------------


def digitize(x: Any, bins: Any, right: bool = False) -> Variable:
    """The number of the bin that each element falls into: bins[i-1] <= x < bins[i].

    bins: a vector, ascending or descending (not checked).  right: the right end belongs to a bin
    instead of the left.  0 before the first, bins' length behind the last.  dtype: int64; x's
    shape.  No gradient.
    Raises: ShapeError if bins is no vector.
    """
    x, edges = as_variable(x), as_variable(bins)
    common = promote(x.dtype, edges.dtype)
    x, edges = cast(x, common), cast(edges, common)
    side = "left" if right else "right"
    ascending = searchsorted(edges, x, side)
    if isinstance(edges, Constant) and (edges.data.size < 2 or edges.data[0] <= edges.data[-1]):
        return ascending
    n = length(edges, 0)
    descending = n - searchsorted(edges[::-1], x, side)
    if isinstance(edges, Constant):
        return descending
    first, last = (sum(edges[:1]), sum(edges[-1:]))  # 0 of none
    return switch(gt(first, last), descending, ascending)


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None) -> Variable:
    """The edges of bins: `bins` of them, evenly from the least element (or range[0]) on.

    bins: a number, or a vector that is the edges.
    Raises: ArgumentError for numpy's rules by name, or a number below 1.
    """
    if isinstance(bins, str):
        what = f"histogram: the rule {bins!r} for bins is not there."
        raise ArgumentError(message(what, fix="give their number, or their edges."))
    if isinstance(bins, Variable) or np.ndim(bins) == 1:
        return as_variable(bins)
    count = operator.index(bins)
    if count < 1:
        raise ArgumentError(message(f"histogram: there is no histogram of {count} bins."))
    x = floating(ravel(as_variable(a)))
    if range is None:
        n = length(x, 0)
        some = concatenate([x, zeros((1,), x.dtype)])[: maximum(n, 1)]  # of none, one 0
        low, high = min(some), switch(eq(n, 0), 1.0, max(some))
    else:
        low, high = (cast(each, x.dtype) for each in range)
    same = eq(low, high)
    low, high = switch(same, low - 0.5, low), switch(same, high + 0.5, high)
    return linspace(low, high, count + 1)


def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool = False, weights: Any = None
) -> tuple[Variable, Variable]:
    """How many elements fall into each of some bins, and the edges of the bins.

    bins: their number, evenly from the least element (or range[0]) to the greatest; or their edges,
    ascending.  The last bin has its right edge too; what is outside, and nan, is not counted.
    density: divided by widths and the whole, so that the area is 1.  weights: one an element.
    dtype: int64, or the weights', or float64 for a density.  Gradient: of the weights.
    """
    x = floating(ravel(as_variable(a)))
    edges = histogram_bin_edges(x, bins, range)
    count = length(edges, 0) - 1
    inside = and_(ge(x, edges[0]), le(x, edges[-1]))
    place = searchsorted(edges, x, "right") - 1
    place = switch(inside, clip(place, 0, count - 1), count)
    given = None if weights is None else ravel(as_variable(weights))
    counted = bincount(place, given, minlength=count + 1)[:count]
    if not density:
        return counted, edges
    widths = edges[1:] - edges[:-1]
    real = cast(counted, "float64") if not is_float(counted.dtype) else counted
    return real / widths / sum(real), edges
