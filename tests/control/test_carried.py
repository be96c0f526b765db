"""Loops in JAX's words, beside plain Python."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import control
from gradc.errors import ArgumentError, AssertionFailed

pytestmark = pytest.mark.usefixtures("quickly")

X = np.arange(12.0).reshape(4, 3) / 10


def test_scan_of_containers():
    x, w = T.dmatrix("x"), T.dvector("w")

    def f(carry, row):
        h, steps = carry["h"], carry["steps"]
        new = T.tanh(row["x"] + h * w)
        return {"h": new, "steps": steps + 1}, (new.sum(), row["k"])

    init = {"h": T.zeros_like(w), "steps": 0}
    rows = {"x": x, "k": T.arange(x.shape[0])}
    outs = []
    for reverse in (False, True):
        last, (sums, places) = control.scan(f, init, rows, reverse=reverse)
        outs += [last["h"], last["steps"], sums, places, gradc.grad(last["h"].sum(), w)]
    g = gradc.function([x, w], outs)
    value = np.array([0.5, -0.5, 1.0])
    got = g(X, value)
    for k, rows in enumerate((X, X[::-1])):
        h, sums = np.zeros(3), []
        for row in rows:
            h = np.tanh(row + h * value)
            sums.append(h.sum())
        sums = sums[::-1] if k else sums
        last, steps, found, places, _ = got[5 * k : 5 * k + 5]
        np.testing.assert_allclose(last, h)
        assert steps == 4
        np.testing.assert_allclose(found, sums)
        np.testing.assert_array_equal(places, np.arange(4))


def test_loops_with_and_without_a_count():
    n, x = T.lscalar("n"), T.dscalar("x")
    power = control.fori_loop(0, n, lambda i, v: v * x + T.cast(i, "float64"), x)
    root = control.while_loop(
        lambda v: T.abs(v * v - x) > 1e-9, lambda v: 0.5 * (v + x / v), x * 1.0
    )
    f = gradc.function([n, x], [power, root, gradc.grad(power, x)])
    value, slope = 2.0, 1.0
    for i in range(3):
        value, slope = value * 2.0 + i, slope * 2.0 + value
    got = f(3, 2.0)
    np.testing.assert_allclose(got, [value, np.sqrt(2), slope], rtol=1e-8)
    assert f(0, 1.0)[:2] == [1, 1]


def test_refused():
    x, y = T.dvector("x"), T.dvector("y")
    with pytest.raises(ArgumentError, match="another form"):
        control.scan(lambda c, x: ((c, c), x), 0.0, x)
    _, total = control.scan(lambda c, xs: (c, xs[0] + xs[1]), 0.0, (x, y))
    f = gradc.function([x, y], total)
    np.testing.assert_array_equal(f(np.ones(2), np.ones(2)), [2, 2])
    with pytest.raises((AssertionFailed, ArgumentError)):
        f(np.ones(2), np.ones(3))
