"""The gradient of ifelse computes nothing of the branch that is not taken, whatever stands in it.

Behind each operation of a table the other branch is nan, inf or an error; the slope is judged by
differences of the branch that is taken, and by its being finite where the other one is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import UnsupportedError
from gradc.kernel.check import check_program

pytestmark = pytest.mark.usefixtures("quickly")

Body = Callable[[Any], Any]


def looped(v: Any) -> Any:
    rows, _ = gradc.scan(lambda x, s: T.tanh(s * x), v, T.constant(1.0))
    return rows


def graphed(v: Any) -> Any:
    x = T.dvector()
    return gradc.OpFromGraph([x], [T.cumsum(x) * x])(T.log(v))


# What stands in the branch, of a vector of four numbers of which the logarithm is taken first:
# nan below 0, minus infinity at 0.  Matrices are of these, and singular where all are 0.
TABLE: dict[str, Body] = {
    "softmax": lambda v: T.nnet.softmax(T.log(v)),
    "cumsum": lambda v: T.cumsum(T.log(v)),
    "cumprod": lambda v: T.cumprod(T.log(v)),
    "switch": lambda v: T.switch(T.log(v) > 0, T.log(v) * 2, T.sqrt(v)),
    "solve": lambda v: T.slinalg.solve(T.diag(v), T.cos(v)),
    "inverse": lambda v: T.nlinalg.matrix_inverse(T.diag(v))[0],
    "cholesky": lambda v: T.slinalg.cholesky(T.diag(v))[0],
    "scan": lambda v: looped(T.log(v)),
    "roll": lambda v: T.roll(T.log(v), 1) * v,
    "complex exp": lambda v: T.real(T.exp(T.log(v) * 1j)),
    "complex abs": lambda v: T.abs(T.log(v) + 2j),
    "var": lambda v: T.var(T.log(v)) * v,
    "sort": lambda v: T.sort(T.log(v)) * v,
    "max": lambda v: T.max(T.log(v)) * v,
    "gather": lambda v: T.log(v)[T.constant([1, 1, 0])],
    "scatter": lambda v: T.set_subtensor(v[1:3], T.log(v)[:2]),
    "dot": lambda v: T.dot(T.outer(T.log(v), v), v),
    "join": lambda v: T.concatenate([T.log(v), v])[2:6],
    "norm": lambda v: T.sqrt(T.sum(T.log(v) ** 2)) * v,
    "ifelse": lambda v: gradc.ifelse(v[0] > 0.5, T.nnet.softmax(T.log(v)), T.cumsum(T.sqrt(v))),
    "graph": lambda v: graphed(v),
}
GOOD, BAD = np.array([0.7, 1.3, 0.4, 2.1]), np.zeros(4)
OTHER = np.array([0.3, -0.2, 0.5, 0.1])


def costs(x: Any, y: Any, c: Any, pick: Callable[..., Any]) -> list[Any]:
    found = []
    for body in TABLE.values():
        row = body(x)
        found.append(pick(c > 0, T.sum(row * row), T.sum(T.cumsum(T.sin(y)) ** 2)))
    return found


def differences(cost: Callable[..., Any], at: np.ndarray[Any, Any]) -> Any:
    steps = np.eye(4) * 1e-6
    return np.array([np.subtract(cost(at + e), cost(at - e)) / 2e-6 for e in steps]).T


def inputs() -> tuple[Any, Any, Any]:
    return T.dscalar("c"), T.dvector("x"), T.dvector("y")


def check(f: Callable[..., Any], plain: Callable[..., Any]) -> None:
    """f gives costs, gradients by x and by y; plain the costs with both branches."""
    count = len(TABLE)
    got = f(1.0, GOOD, OTHER)
    values = np.array(plain(1.0, GOOD, OTHER))
    np.testing.assert_allclose(got[:count], values, rtol=1e-12)
    slopes = differences(lambda x: plain(1.0, x, OTHER), GOOD)
    for name, one, two in zip(TABLE, got[count : 2 * count], slopes, strict=True):
        np.testing.assert_allclose(one, two, rtol=2e-6, atol=2e-7, err_msg=name)
    assert not np.any(got[2 * count :])
    got = f(-1.0, BAD, OTHER)
    for name, one in zip(TABLE, got[count : 2 * count], strict=True):
        assert not one.any(), (name, one)  # not nan
    slopes = differences(lambda y: plain(-1.0, GOOD, y), OTHER)
    for name, one, two in zip(TABLE, got[2 * count :], slopes, strict=True):
        np.testing.assert_allclose(one, two, rtol=2e-6, atol=2e-7, err_msg=name)


def results(pick: Callable[..., Any]) -> tuple[list[Any], list[Any]]:
    c, x, y = inputs()
    found = costs(x, y, c, pick)
    gradients = [T.grad(each, wrt) for wrt in (x, y) for each in found]
    return [c, x, y], [*found, *gradients]


def test_table() -> None:
    places, outputs = results(gradc.ifelse)
    f = gradc.function(places, outputs)
    check_program(f.stages.program)
    c, x, y = inputs()
    plain = gradc.function([c, x, y], costs(x, y, c, T.switch))
    check(f, plain)
    check(gradc.function(places, outputs, mode="REFERENCE"), plain)


def test_in_loops() -> None:
    """What a step's branch reads, which is the same in all steps too, is computed in it alone."""
    c, x, k = T.dvector("c"), T.dvector("x"), T.dvector("k")
    names = ("softmax", "cumsum", "solve", "scan", "roll", "complex abs", "var", "ifelse")

    def step(c: Any, s: Any) -> Any:
        parts = [T.sum(TABLE[name](k) * s) for name in names]
        return gradc.ifelse(c > 0, s + sum(parts, T.constant(0.0)) * 0.01, T.cumsum(s) * 0.5)

    rows, _ = gradc.scan(step, c, x)
    cost = T.sum(rows[-1] ** 2)
    places, outputs = [c, x, k], [cost, T.grad(cost, x), T.grad(cost, k)]
    native, reference = (gradc.function(places, outputs, mode=m) for m in ("FAST_RUN", "REFERENCE"))
    some = np.array([1.0, -1.0, 1.0])
    got = native(some, OTHER, GOOD)
    np.testing.assert_allclose(
        got[2], differences(lambda k: native(some, OTHER, k)[0], GOOD), rtol=1e-5
    )
    for f in (native, reference):
        got = f(-np.ones(3), OTHER, BAD)
        assert not got[2].any()
        half = np.tril(np.full((4, 4), 0.5))
        whole = half @ half @ half
        np.testing.assert_allclose(got[1], 2 * whole.T @ whole @ OTHER, rtol=1e-12)


def test_shared_nested_and_lists() -> None:
    """Conditions beside and inside each other, several outputs, orders and modes of derivative."""
    a, b, x = T.dscalar("a"), T.dscalar("b"), T.dvector("x")
    root = T.sqrt(x)  # needed by branches of two conditions
    one, two = gradc.ifelse(a > 0, [T.sum(root**3), T.cumsum(x)], [T.sum(x), T.exp(x)])
    three = gradc.ifelse(b > 0, gradc.ifelse(a > 0, T.prod(root), T.sum(T.log(root))), one * 2)
    cost = one + T.sum(two**2) + three
    slope = T.grad(cost, x)
    curve = T.grad(T.sum(slope * np.arange(1.0, 5.0)), x)
    way = np.array([0.5, -1.0, 2.0, 0.25])
    outputs = [cost, slope, curve, gradc.jvp(cost, x, T.constant(way))]
    f = gradc.function([a, b, x], outputs)
    g = gradc.function([a, b, x], outputs, mode="REFERENCE")
    for place in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)):
        got, same = f(*place, GOOD), g(*place, GOOD)
        for k in range(4):
            np.testing.assert_allclose(got[k], same[k], rtol=1e-11)
        np.testing.assert_allclose(
            got[1], differences(lambda x, p=place: f(*p, x)[0], GOOD), rtol=1e-6
        )
        shown = differences(lambda x, p=place: f(*p, x)[1] @ np.arange(1.0, 5.0), GOOD)
        np.testing.assert_allclose(got[2], shown, rtol=1e-5)
        np.testing.assert_allclose(got[3], got[1] @ way, rtol=1e-11)
    for each in (f, g):  # no root is taken
        got = each(-1.0, -1.0, BAD)
        np.testing.assert_array_equal(got[1], 3 + 2 * np.exp(2 * BAD))
        np.testing.assert_array_equal(got[2], 4 * np.arange(1.0, 5.0))


def test_batches() -> None:
    c, x = T.dscalar("c"), T.dvector("x")
    out = gradc.ifelse(c > 0, T.sum(T.cumsum(T.log(x))), T.sum(x * x))
    many = T.dmatrix("many")
    batch = gradc.vectorize_graph(T.grad(out, x), {x: many})
    f = gradc.function([c, many], batch)
    np.testing.assert_array_equal(f(-1.0, np.zeros((2, 4))), np.zeros((2, 4)))
    np.testing.assert_allclose(f(1.0, np.stack([GOOD, GOOD]))[1], np.arange(4, 0, -1) / GOOD)


def test_what_depends_on_a_condition_may_be_part_of_it() -> None:
    """A value that a condition may need, and its branch too: no loop waits for itself."""
    a, x = T.dscalar("a"), T.dvector("x")
    total = T.sum(T.tanh(x)) * T.prod(x + 2)
    inner = gradc.ifelse(a > 0, total, a)
    out = gradc.ifelse(inner > 0.5, total * T.sum(T.exp(x)), inner * inner)
    f = gradc.function([a, x], [out, T.grad(out, x)])
    at = np.array([0.4, -0.1])
    t, e = np.sum(np.tanh(at)) * np.prod(at + 2), np.sum(np.exp(at))
    np.testing.assert_allclose(f(1.0, at)[0], t * e)
    np.testing.assert_allclose(f(-1.0, at)[0], 1)
    shown = differences(lambda z: f(1.0, z[:2])[0], np.array([*at, 0.0, 0.0]))[:2]
    np.testing.assert_allclose(f(1.0, at)[1], shown, rtol=1e-6)
    assert not f(-1.0, at)[1].any()


def test_many_are_as_long_as_their_graph() -> None:
    c, x = T.dvector("c"), T.dvector("x")
    counts = []
    for n in (2, 4):
        y = x
        for k in range(n):
            y = gradc.ifelse(c[k] > 0, T.tanh(y) * 2, T.sin(y) + x)
        f = gradc.function([c, x], [y, T.grad(T.sum(y), x)], mode="FAST_COMPILE")
        program = f.stages.program
        counts.append(sum(len(segment.steps) for segment in program.segments))
    assert counts[1] < 3 * counts[0]


def test_branches_of_other_lengths() -> None:
    """Nested, in gradients, and as a sequence of a loop."""
    a, b, x, s = T.dscalar("a"), T.dscalar("b"), T.dmatrix("x"), T.dvector("s")
    chosen = gradc.ifelse(a > 0, gradc.ifelse(b > 0, T.exp(x[:2]), T.sin(x)), x[::-1][:1])
    rows, _ = gradc.scan(lambda row, s: T.tanh(row * s + 0.5), chosen, s)
    cost = T.sum(rows[-1] ** 2) + T.sum(chosen**3)
    f = gradc.function([a, b, x, s], [cost, T.grad(cost, x), chosen])
    at = np.array([[0.1, -0.4], [0.7, 0.3], [-0.2, 0.5]])
    start = np.array([0.3, -0.6])
    for place, wanted in (
        ((1.0, 1.0), np.exp(at[:2])), ((1.0, -1.0), np.sin(at)), ((-1.0, 1.0), at[2:]),
    ):  # fmt: skip
        _, slope, got = f(*place, at, start)
        np.testing.assert_allclose(got, wanted, rtol=1e-14)
        for k in np.ndindex(at.shape):
            step = np.zeros_like(at)
            step[k] = 1e-6
            ends = [f(*place, at + sign * step, start)[0] for sign in (1, -1)]
            np.testing.assert_allclose(slope[k], np.subtract(*ends) / 2e-6, rtol=1e-5, atol=1e-8)


def test_a_branch_whose_length_only_it_knows_is_refused() -> None:
    c, x = T.dscalar("c"), T.dvector("x")
    summed = gradc.ifelse(c > 0, T.sum(T.sqrt(x[x > 0])), T.sum(x))
    f = gradc.function([c, x], [summed, T.grad(summed, x)])
    np.testing.assert_array_equal(f(1.0, [4.0, -1.0])[1], [0.25, 0])
    with pytest.raises(UnsupportedError, match="of what a branch gives follows from numbers that"):
        gradc.function([c, x], gradc.ifelse(c > 0, x[x > 0], x))
