"""control.associative_scan: prefixes, in both directions and along any axis, with derivatives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.control import associative_scan
from gradc.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from gradc.testing import verify_grad

X = np.random.default_rng(0).normal(size=(5, 3, 2))


def prefixes(fn, x, reverse=False, axis=0):
    """By itertools, of numpy arrays."""
    rows = np.moveaxis(x, axis, 0)
    rows = rows[::-1] if reverse else rows
    found = np.stack(list(itertools.accumulate(rows, fn)))
    return np.moveaxis(found[::-1] if reverse else found, 0, axis)


def affine(a, b):
    """The composition of s -> s * gain + shift, first a, then b."""
    return {"gain": a["gain"] * b["gain"], "shift": a["shift"] * b["gain"] + b["shift"]}


def test_prefixes(quickly):
    x, y = T.dtensor3("x"), T.dtensor3("y")
    wanted, outputs = [], []
    for axis, reverse in itertools.product((0, 1, -1), (False, True)):
        for ours, theirs in ((T.maximum, np.maximum), (lambda a, b: a * b, np.multiply)):
            outputs.append(associative_scan(ours, x, reverse, axis))
            wanted.append(prefixes(theirs, X, reverse, axis))
    outputs.append(associative_scan(T.matmul, y))
    squares = np.random.default_rng(1).normal(size=(4, 2, 2))
    wanted.append(prefixes(np.matmul, squares))
    f = gradc.function([x, y], outputs)
    for got, right in zip(f(X, squares), wanted, strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-12)
    for length in (0, 1):
        for got, like in zip(f(X[:length], squares[:length]), f(X, squares), strict=True):
            assert got.shape[1:] == like.shape[1:]
            assert len(got) == length


def test_a_linear_recurrence_and_its_derivatives(quickly):
    """h = h * gain + x as JAX's users write it: pairs composed."""
    gain, x = T.dmatrix("gain"), T.dmatrix("x")
    h = associative_scan(affine, {"gain": gain, "shift": x})["shift"]
    plain, _ = gradc.scan(lambda g, x, h: h * g + x, [gain, x], T.zeros_like(x[0]))
    f = gradc.function([gain, x], [h, plain, *T.grad(T.sum(h**2), [gain, x]),
                                   *T.grad(T.sum(plain**2), [gain, x])])  # fmt: skip
    found = f(X[..., 0], X[..., 1])
    for k, j in ((0, 1), (2, 4), (3, 5)):
        np.testing.assert_allclose(found[k], found[j], rtol=1e-11, atol=1e-14)
    verify_grad(lambda x: associative_scan(T.mul, x, reverse=True, axis=1), [X[0] + 2])
    tangent = T.Rop(associative_scan(T.mul, x), x, gain)
    got = gradc.function([gain, x], tangent)(X[..., 0], X[..., 1])
    step = 1e-6
    ends = [np.cumprod(X[..., 1] + s * X[..., 0], axis=0) for s in (step, -step)]
    np.testing.assert_allclose(got, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-8)


def test_what_cannot_be():
    x = T.dmatrix("x")
    refuses = [
        (ArgumentTypeError, lambda: associative_scan(x, x)),
        (ArgumentError, lambda: associative_scan(T.add, [])),
        (ArgumentError, lambda: associative_scan(T.add, x, axis=2)),
        (ShapeError, lambda: associative_scan(T.add, T.dscalar())),
        (ArgumentError, lambda: associative_scan(lambda a, b: (a, b), x)),
        (ShapeError, lambda: associative_scan(lambda a, b: (a + b).sum(), x)),
        (DTypeError, lambda: associative_scan(lambda a, b: T.cast(a + b, "float32"), x)),
        (ArgumentError, lambda: associative_scan(
            lambda a, b: a, [T.zeros((3, 2)), T.zeros((4, 2))])),
    ]  # fmt: skip
    for error, make in refuses:
        with pytest.raises(error, match=r"associative_scan|axis"):
            make()
