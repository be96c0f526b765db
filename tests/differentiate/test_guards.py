"""The branch that was not taken gives 0, not 0 * inf; a nan the user wrote stays nan.

Expected values are written by hand: they are slopes of the expression as its guard reads it.
"""

import numpy as np
import pytest

import gradc.tensor as T
from gradc import grad
from gradc.graph.walk import toposort
from tests.differentiate.numeric import value

BOTH = pytest.mark.parametrize("stabilize", [True, False])


def at(cost, wrt, stabilize, **values):
    return value(grad(cost, wrt, stabilize=stabilize), {wrt: values["x"]}).tolist()


SCALARS = {  # at 0; the guard x > 0 is false there
    "log": lambda x: T.log(x),
    "sqrt": lambda x: T.sqrt(x),
    "division": lambda x: 1 / x,
    "power": lambda x: x**0.5,
    "negative power": lambda x: x ** (-1.0),
    "chain": lambda x: T.exp(T.sin(T.log(x)) * T.sqrt(x)),
    "x log x": lambda x: x * T.log(x),
    "two": lambda x: T.log(x) + T.sqrt(x) * 1 / x,
    "difference": lambda x: T.log(x) - T.log(2 * x),
}


@BOTH
@pytest.mark.parametrize("name", SCALARS)
def test_a_guarded_pole(name, stabilize):
    x = T.dscalar("x")
    inner = SCALARS[name](x)
    cost = T.switch(x > 0, inner, 0.0)
    gradient = grad(cost, x, stabilize=stabilize)
    assert value(gradient, {x: 0.0}) == 0
    expected = value(grad(inner, x), {x: 2.0})
    assert value(gradient, {x: 2.0}) == pytest.approx(float(expected), rel=1e-12)
    second = grad(gradient, x, stabilize=stabilize)
    assert value(second, {x: 0.0}) == 0


@BOTH
def test_the_other_branch_is_guarded_too(stabilize):
    x = T.dscalar("x")
    assert at(T.switch(x <= 0, 0.0, T.log(x)), x, stabilize, x=0.0) == 0
    cost = T.switch(x < 1, x, T.sqrt(x - 1))
    assert at(cost, x, stabilize, x=0.5) == 1
    assert at(cost, x, stabilize, x=5.0) == 0.25


@BOTH
def test_elementwise(stabilize):
    x = T.dvector("x")
    cost = T.sum(T.switch(x > 0, T.log(x) * x, x**2))
    assert at(cost, x, stabilize, x=[0.0, 1.0, -3.0]) == [0, 1, -6]


@BOTH
def test_nested(stabilize):
    x = T.dvector("x")
    inner = T.switch(x > 1, T.sqrt(x - 1), T.log(x))
    cost = T.sum(T.switch(x > 0, inner, 0.0) * 3)
    assert at(cost, x, stabilize, x=[0.0, 1.0, 5.0]) == [0, 3, 0.75]


@BOTH
def test_through_a_reduction(stabilize):
    x = T.dmatrix("x")
    norms = T.sqrt(T.sum(x**2, axis=1))
    cost = T.sum(T.switch(norms > 0, norms, 0.0))
    assert at(cost, x, stabilize, x=[[0.0, 0.0], [0.0, 4.0]]) == [[0, 0], [0, 1]]


@BOTH
@pytest.mark.parametrize("reduce", [T.sum, T.max, T.prod, T.mean])
def test_through_reductions_of_a_pole(reduce, stabilize):
    x = T.dmatrix("x")
    rows = T.exp(-reduce(1 / x, axis=1))
    cost = T.sum(T.switch(T.min(x, axis=1) > 0, rows, 0.0))
    assert at(cost, x, stabilize, x=[[0.0, 1.0]]) == [[0, 0]]


@BOTH
def test_through_a_broadcast(stabilize):
    x, s = T.dmatrix("x"), T.dscalar("s")
    cost = T.sum(T.switch(x > 0, x * T.log(s), 0.0))
    values = {x: [[-1.0, -2.0], [0.0, -3.0]], s: 0.0}
    assert value(grad(cost, s, stabilize=stabilize), values) == 0
    values = {x: [[-1.0, 2.0], [0.0, 3.0]], s: 2.0}
    assert value(grad(cost, s, stabilize=stabilize), values) == 2.5
    column = T.dcol("column")
    cost = T.sum(T.switch(x > 0, x / column, 0.0))
    values = {x: [[-1.0, -2.0], [1.0, -3.0]], column: [[0.0], [2.0]]}
    assert value(grad(cost, column, stabilize=stabilize), values).tolist() == [[0], [-0.25]]


@BOTH
def test_through_views(stabilize):
    x = T.dmatrix("x")
    moved = T.log(x).T[::-1].reshape((4,))
    cost = T.sum(T.switch(x.T[::-1].reshape((4,)) > 0, moved, 0.0))
    assert at(cost, x, stabilize, x=[[0.0, 1.0], [2.0, -1.0]]) == [[0, 1], [0.5, 0]]


@BOTH
def test_through_gathers_and_slices(stabilize):
    x = T.dvector("x")
    taken = T.log(x)[np.array([0, 0, 1])]
    cost = T.sum(T.switch(x[np.array([0, 0, 1])] > 0, taken, 0.0))
    assert at(cost, x, stabilize, x=[0.0, 2.0, 5.0]) == [0, 0.5, 0]
    cost = T.sum(T.switch(x[1:] > 0, T.log(x)[1:], 0.0))
    assert at(cost, x, stabilize, x=[0.5, 2.0, 0.0]) == [0, 0.5, 0]


@BOTH
def test_inside_a_larger_graph(stabilize):
    x, w = T.dmatrix("x"), T.dmatrix("w")
    safe = T.switch(x > 0, T.log(x), 0.0)
    cost = T.sum(T.tanh(T.dot(safe, w)) ** 2)
    values = {x: [[0.0, 1.0], [2.0, 0.0]], w: [[0.5, -1.0], [0.25, 2.0]]}
    gradient = value(grad(cost, x, stabilize=stabilize), values)
    assert gradient[0, 0] == 0
    assert gradient[1, 1] == 0
    assert np.isfinite(gradient).all()
    assert gradient[1, 0] != 0


@BOTH
@pytest.mark.parametrize(
    "limit",
    [
        lambda x: T.maximum(T.log(x), -1.0),
        lambda x: T.clip(T.log(x), -1.0, 2.0),
        lambda x: T.minimum(-T.log(x), 1.0),
    ],
)
def test_limits_are_guards(limit, stabilize):
    x = T.dscalar("x")
    assert at(limit(x), x, stabilize, x=0.0) == 0


@BOTH
def test_both_branches_make_the_whole(stabilize):
    x = T.dscalar("x")
    h = T.log(x)
    cost = T.switch(x > 1, h, 2 * h)  # the pole is read whatever the condition
    assert at(cost, x, stabilize, x=0.5) == 4
    assert at(cost, x, stabilize, x=0.0) == np.inf


# -- what is not guarded -----------------------------------------------------------------------


@BOTH
def test_a_nan_that_the_user_wrote_stays(stabilize):
    x, c = T.dscalar("x"), T.dscalar("c")
    gradient = grad(c * T.sqrt(x), x, stabilize=stabilize)
    assert np.isnan(value(gradient, {x: 0.0, c: 0.0}))
    taken = grad(T.switch(x >= 0, c * T.sqrt(x), 0.0), x, stabilize=stabilize)
    assert np.isnan(value(taken, {x: 0.0, c: 0.0}))


@BOTH
def test_a_use_without_guard_ends_the_guard(stabilize):
    x, c = T.dscalar("x"), T.dscalar("c")
    h = T.sqrt(x)
    cost = T.switch(x > 0, h, 0.0) + c * h
    assert np.isnan(value(grad(cost, x, stabilize=stabilize), {x: 0.0, c: 0.0}))


def test_a_gradient_without_conditions_has_no_switch():
    x, w = T.dmatrix("x"), T.dmatrix("w")
    gradient = grad(T.sum(T.tanh(T.dot(x, w))), w)
    assert "switch" not in {node.op.name for node in toposort([gradient])}


def test_a_guard_costs_one_switch():
    x, w, b = T.dmatrix("x"), T.dmatrix("w"), T.dvector("b")
    hidden = T.maximum(T.dot(x, w) + b, 0.0)
    gradients = grad(T.sum(hidden**2), [w, b])
    names = [node.op.name for node in toposort(gradients)]
    assert names.count("switch") == 1
    assert "any" not in names
