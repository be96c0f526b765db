"""A view of each row of a stack: what batching puts in the place of views that do not say more.

`stacked` takes any view's Op as a parameter, so a new view needs nothing to be batched; one that
has parameters of its own for a stack (View.lift) reads better when it is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gradc.affine import IndexMap
from gradc.graph.op import DECLARATIONS, Op, Shape
from gradc.graph.variable import Variable
from gradc.ops.calls import call
from gradc.ops.declare import Sample, declared
from gradc.ops.index import placed_through
from gradc.ops.kinds import View
from gradc.sizes import Size

__all__: list[str] = []

Array = npt.NDArray[Any]


def _shape(lengths: Shape, *values: Size, through: Op) -> Sequence[Size]:
    return (lengths[0], *_view(through).shape(lengths[1:], *values, **through.keywords))


def _index(i: IndexMap, lengths: Shape, *values: Size, through: Op) -> IndexMap:
    return (i[0], *_view(through).index(i[1:], lengths[1:], *values, **through.keywords))


def _bounds(lengths: Shape, *values: Size, through: Op) -> list[tuple[Size, Size, int]]:
    rule = _view(through).bounds
    found = () if rule is None else rule(lengths[1:], *values, **through.keywords)
    return [(place, n, axis + 1) for place, n, axis in found]


def _equal(lengths: Shape, *values: Size, through: Op) -> list[tuple[Size, Size, int]]:
    rule = _view(through).equal
    found = () if rule is None else rule(lengths[1:], *values, **through.keywords)
    return [(n, m, axis + 1) for n, m, axis in found]


def _view(through: Op) -> View:
    rule = through.rule
    assert isinstance(rule, View)
    return rule


def _ref(x: Array, *values: Array, through: Op) -> Array:
    rows = [through.rule.ref(row, *values, **through.keywords) for row in x]
    if rows:
        return np.stack(rows)
    like = through.rule.ref(np.zeros(x.shape[1:], x.dtype), *values, **through.keywords)
    return np.empty((0, *like.shape), x.dtype)


def _pullback(
    cts: Sequence[Variable], outs: Sequence[Variable], x: Variable, *values: Variable, through: Op
) -> tuple[Variable | None, ...]:
    return (placed_through("stacked", cts[0], x, *values, through=through), *(None for _ in values))


def _moved(*order: int | str) -> Op:
    return Op(DECLARATIONS["dimshuffle"], (("order", order),))


@declared(
    View,
    shape=_shape,
    index=_index,
    bounds=_bounds,
    equal=_equal,
    ref=_ref,
    pullback=_pullback,
    samples=(
        Sample(lambda f, x: f(x, through=_moved(1, "x", 0)), ((2, 3, 4),)),
        Sample(
            lambda f, x, n: f(x, n, through=Op(DECLARATIONS["broadcast_to"])),
            ((2, 1), ()),
            ("float", "int64"),
        ),
    ),
)
def stacked(x: Variable, *values: Variable, through: Op) -> Variable:
    """The view `through` of each row of x; `values` are its integer scalars.

    Gradient: scattered through the same view into zeros.
    """
    return call("stacked", x, *values, through=through)
