"""jvp, vjp and hvp of Python functions: judged by differences, and by JAX where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, CostTypeError

X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
W = {"w": np.array([0.5, -1.0, 2.0]), "b": 0.25}
DX = np.array([[0.3, -0.1, 0.7], [1.0, 0.2, -0.4]])
DW = {"w": np.array([1.0, 0.5, -0.25]), "b": -2.0}


def layer(params, x):
    hidden = np.tanh(x @ params["w"] + params["b"])
    return {"hidden": hidden, "sum": (np.sum(x * hidden[:, None]),)}


def loss(params, x):
    return np.mean(np.exp(0.3 * (x @ params["w"] + params["b"])) * x[:, 0])


def moved(step):
    return {k: W[k] + step * DW[k] for k in W}, X + step * DX


def difference(f, step=1e-6):
    return (np.asarray(f(*moved(step))) - np.asarray(f(*moved(-step)))) / (2 * step)


def test_jvp_has_the_form_of_the_results() -> None:
    value, tangent = gradc.jvp(layer, (W, X), (DW, DX))
    want = layer(W, X)
    np.testing.assert_allclose(value["hidden"], want["hidden"])
    np.testing.assert_allclose(value["sum"][0], want["sum"][0])
    hidden = difference(lambda w, x: layer(w, x)["hidden"])
    np.testing.assert_allclose(tangent["hidden"], hidden, rtol=1e-6)
    total = difference(lambda w, x: layer(w, x)["sum"][0])
    np.testing.assert_allclose(tangent["sum"][0], total, rtol=1e-6)


def test_vjp_gives_a_value_and_a_pullback() -> None:
    x = X.copy()
    value, pullback = gradc.vjp(layer, W, x)
    x[:] = 0  # the pullback is that of the values at the call
    np.testing.assert_allclose(value["hidden"], layer(W, X)["hidden"])
    cts = {"hidden": np.array([1.5, -0.5]), "sum": (2.0,)}
    by_w, by_x = pullback(cts)
    assert list(by_w) == ["w", "b"]
    dual = by_w["w"] @ DW["w"] + by_w["b"] * DW["b"] + np.sum(by_x * DX)
    forward = gradc.jvp(layer, (W, X), (DW, DX))[1]
    want = cts["hidden"] @ forward["hidden"] + 2.0 * forward["sum"][0]
    np.testing.assert_allclose(dual, want, rtol=1e-12)
    (again,) = gradc.vjp(lambda x: np.sum(x**2), X)[1](1.0)
    np.testing.assert_allclose(again, 2 * X)


def test_hvp_is_the_hessian_times_a_vector() -> None:
    found = gradc.hvp(loss, (W, X), (DW, DX))
    slopes = gradc.grad(loss, argnums=(0, 1))
    for name in W:
        want = difference(lambda w, x, name=name: slopes(w, x)[0][name])
        np.testing.assert_allclose(found[0][name], want, rtol=1e-6)
    np.testing.assert_allclose(found[1], difference(lambda w, x: slopes(w, x)[1]), rtol=1e-6)
    np.testing.assert_allclose(gradc.hvp(lambda x: np.sum(x**3), (X,), (DX,)), 6 * X * DX)
    np.testing.assert_allclose(gradc.hvp(lambda x: np.sum(x * 2), (X,), (DX,)), 0 * X)


def test_more_results_beside() -> None:
    def f(x):
        return np.sin(x), {"twice": 2 * x}

    value, tangent, more = gradc.jvp(f, (X,), (DX,), has_aux=True)
    np.testing.assert_allclose(value, np.sin(X))
    np.testing.assert_allclose(tangent, np.cos(X) * DX)
    np.testing.assert_allclose(more["twice"], 2 * X)
    value, pullback, more = gradc.vjp(f, X, has_aux=True)
    np.testing.assert_allclose(pullback(DX)[0], np.cos(X) * DX)
    np.testing.assert_allclose(more["twice"], 2 * X)


def test_inside_traced_functions() -> None:
    @gradc.jit
    def all_of_them(x, v):
        tangent = gradc.jvp(np.sin, (x,), (v,))[1]
        value, pullback = gradc.vjp(lambda y: y**2 * v, x)
        bent = gradc.hvp(lambda y: np.sum(y**4), (x,), (v,))
        constant = gradc.jvp(np.sin, (x,), (np.ones_like(X),))[1]
        return tangent, value, pullback(v)[0], bent, constant

    found = all_of_them(X, DX)
    want = (np.cos(X) * DX, X**2 * DX, 2 * X * DX * DX, 12 * X**2 * DX, np.cos(X))
    for one, other in zip(found, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    third = gradc.grad(lambda x: np.sum(gradc.hvp(lambda y: np.sum(y**3), (x,), (DX,))))
    np.testing.assert_allclose(third(X), 6 * DX)
    rows = gradc.vmap(lambda v: gradc.jvp(lambda x: np.sum(x**2), (X[0],), (v,))[1])(DX)
    np.testing.assert_allclose(rows, 2 * DX @ X[0])


def test_expressions_as_before() -> None:
    x, v = T.dvector("x"), T.dvector("v")
    both = [gradc.jvp(x**2, x, v), gradc.vjp(x**2, x, v), gradc.hvp(T.sum(x**3), x, v)]
    f = gradc.function([x, v], both)
    for one, other in zip(f(X[0], DX[0]), (2 * X * DX, 2 * X * DX, 6 * X * DX), strict=True):
        np.testing.assert_allclose(one, other[0])


def test_single_precision_and_numbers() -> None:
    value, tangent = gradc.jvp(lambda x, n: x * n, (X.astype("f4"), 3.0), (DX.astype("f4"), 1.0))
    assert (value.dtype, tangent.dtype) == ("float32", "float32")
    np.testing.assert_allclose(tangent, 3 * DX + X, rtol=1e-6)


def test_what_does_not_fit_says_so() -> None:
    with pytest.raises(ArgumentTypeError, match=r"jvp: primals are a tuple.*\n.*jvp\(f, \(x,\)"):
        gradc.jvp(np.sin, X, DX)
    with pytest.raises(ArgumentError, match="the tangents do not have the form of the arguments"):
        gradc.jvp(layer, (W, X), (DW,))
    with pytest.raises(ArgumentError, match="the cotangents do not have the form of the results"):
        gradc.vjp(layer, W, X)[1](X)
    with pytest.raises(ArgumentTypeError, match="with has_aux the function must give a pair"):
        gradc.vjp(np.sin, X, has_aux=True)
    with pytest.raises(CostTypeError):
        gradc.hvp(np.sin, (X,), (DX,))
    with pytest.raises(ArgumentTypeError, match="has_aux= is for functions"):
        gradc.jvp(T.dscalar(), T.dscalar(), 1.0, has_aux=True)


def test_jax_says_the_same() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy

    def in_jax(params, x):
        hidden = jnp.tanh(x @ params["w"] + params["b"])
        return {"hidden": hidden, "sum": (jnp.sum(x * hidden[:, None]),)}

    def cost(params, x):
        return jnp.mean(jnp.exp(0.3 * (x @ params["w"] + params["b"])) * x[:, 0])

    cts = {"hidden": np.array([1.5, -0.5]), "sum": (2.0,)}
    pairs = [
        (gradc.jvp(layer, (W, X), (DW, DX)), jax.jvp(in_jax, (W, X), (DW, DX))),
        (gradc.vjp(layer, W, X)[1](cts), jax.vjp(in_jax, W, X)[1](cts)),
        (gradc.hvp(loss, (W, X), (DW, DX)),
         jax.jvp(jax.grad(cost, argnums=(0, 1)), (W, X), (DW, DX))[1]),
    ]  # fmt: skip
    for one, other in pairs:
        found, wanted = (jax.tree_util.tree_flatten(each) for each in (one, other))
        assert found[1] == wanted[1]
        for got, want in zip(found[0], wanted[0], strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12)
