"""Derivatives of Python functions: numbers judged by differences, and they go into each other."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, GradError

pytestmark = pytest.mark.usefixtures("quickly")

X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
V = np.array([0.5, -1.0, 2.0])


def loss(params, x):
    hidden = np.tanh(x @ params["w"] + params["b"])
    return np.mean(hidden**2)


PARAMS = {"w": V, "b": 0.25}


def slope(f, x, step=1e-6):
    """Central differences, element by element."""
    x = np.asarray(x, float)
    found = np.zeros((*np.shape(f(x)), *x.shape))
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        found[(..., *place)] = (np.asarray(f(up)) - np.asarray(f(down))) / (2 * step)
    return found


def test_gradients_have_the_form_of_their_argument() -> None:
    value, found = gradc.value_and_grad(loss)(PARAMS, X)
    np.testing.assert_allclose(value, loss(PARAMS, X))
    np.testing.assert_allclose(found["w"], slope(lambda w: loss({"w": w, "b": 0.25}, X), V), 1e-6)
    np.testing.assert_allclose(found["b"], slope(lambda b: loss({"w": V, "b": b}, X), 0.25), 1e-6)
    by_x = gradc.grad(loss, argnums=1)(PARAMS, X)
    np.testing.assert_allclose(by_x, slope(lambda x: loss(PARAMS, x), X), 1e-6)
    by_both = gradc.grad(loss, (0, -1))(PARAMS, X)
    assert isinstance(by_both, tuple)
    np.testing.assert_allclose(by_both[0]["w"], found["w"])
    np.testing.assert_allclose(by_both[1], by_x)


def test_more_results_beside_the_cost() -> None:
    def f(x):
        return np.sum(x**2), {"double": 2 * x, "n": 3}

    (value, more), found = gradc.value_and_grad(f, has_aux=True)(V)
    np.testing.assert_allclose(value, np.sum(V**2))
    np.testing.assert_allclose(more["double"], 2 * V)
    assert more["n"] == 3
    np.testing.assert_allclose(found, 2 * V)
    found, more = gradc.grad(f, has_aux=True)(V)
    np.testing.assert_allclose(found, more["double"])
    with pytest.raises(ArgumentTypeError, match="must give a pair"):
        gradc.grad(lambda x: np.sum(x), has_aux=True)(V)


def test_an_argument_that_is_not_used_has_gradient_0() -> None:
    np.testing.assert_array_equal(gradc.grad(lambda x, y: np.sum(x), 1)(V, X), 0 * X)
    np.testing.assert_array_equal(gradc.grad(lambda x: 1.5)(V), 0 * V)


def test_derivatives_of_derivatives() -> None:
    third = gradc.grad(gradc.grad(gradc.grad(lambda x: x**4)))
    np.testing.assert_allclose(third(2.0), 48.0)
    nested = gradc.grad(lambda x: x * gradc.grad(lambda y: x * y**2)(x))
    np.testing.assert_allclose(nested(3.0), 54.0)  # of 2 x**3: inside, x is fixed
    np.testing.assert_allclose(gradc.jit(gradc.grad(lambda x: np.sum(x**3)))(V), 3 * V**2)


def test_jacobians_and_hessians() -> None:
    def f(x):
        return {"a": np.sin(x), "b": np.sum(x)}

    found = gradc.jacobian(f)(V)
    np.testing.assert_allclose(found["a"], np.diag(np.cos(V)), atol=1e-15)
    np.testing.assert_allclose(found["b"], np.ones(3))
    by_tree = gradc.jacobian(lambda p, x: x @ p["w"] + p["b"])(PARAMS, X)
    np.testing.assert_allclose(by_tree["w"], X)
    np.testing.assert_allclose(by_tree["b"], np.ones(2))
    blocks = gradc.hessian(lambda p: np.sum(p["w"] ** 2 * p["b"]))(PARAMS)
    np.testing.assert_allclose(blocks["w"]["w"], np.diag([0.5] * 3))
    np.testing.assert_allclose(blocks["w"]["b"], 2 * V)
    np.testing.assert_allclose(blocks["b"]["w"], 2 * V)
    np.testing.assert_allclose(blocks["b"]["b"], 0)


def test_batches() -> None:
    rows = gradc.vmap(gradc.grad(lambda x: np.sum(x**3)))
    np.testing.assert_allclose(rows(X), 3 * X**2)
    products = gradc.vmap(lambda w, x: w @ x, in_axes=(None, 0))
    np.testing.assert_allclose(products(V, X), X @ V)
    np.testing.assert_allclose(gradc.jit(products)(V, X[:1]), X[:1] @ V)
    x = T.dmatrix("x")
    assert isinstance(products(V, x), T.Variable)


def test_the_same_words_take_expressions() -> None:
    x = T.dvector("x")
    cost = T.sum(x**2)
    value, found = gradc.value_and_grad(cost, x)
    assert value is cost
    np.testing.assert_allclose(found.preview({x: V}), 2 * V)
    np.testing.assert_allclose(gradc.grad(cost, x).preview({x: V}), 2 * V)
    np.testing.assert_allclose(gradc.jacobian(x**2, x).preview({x: V}), np.diag(2 * V))
    np.testing.assert_allclose(gradc.hessian(cost, x).preview({x: V}), 2 * np.eye(3))
    inside = gradc.grad(lambda v: np.sum(v * x))(x)  # by its argument alone
    np.testing.assert_allclose(inside.preview({x: V}), V)


def test_what_is_refused() -> None:
    with pytest.raises(GradError, match="must be a scalar"):
        gradc.grad(lambda x: x)(V)
    with pytest.raises(ArgumentError, match="there is no argument 2, 1 were given"):
        gradc.grad(lambda x: np.sum(x), argnums=2)(V)
    with pytest.raises(ArgumentTypeError, match="argnums= is for functions"):
        gradc.grad(T.dscalar(), argnums=1)
    with pytest.raises(ArgumentTypeError, match="has_aux= is for functions"):
        gradc.value_and_grad(T.dscalar(), None, has_aux=True)


def test_batches_of_trees() -> None:
    Layer = namedtuple("Layer", "w b")
    layers = Layer(np.arange(6.0).reshape(2, 3), None)

    def f(layer, x, more):
        return Layer({"out": layer.w @ x * more[0]}, None)

    found = gradc.vmap(f, in_axes=(0, None, [None]))(layers, V, [2.0])
    assert isinstance(found, Layer)
    assert found.b is None
    np.testing.assert_allclose(found.w["out"], layers.w @ V * 2)
    by_entry = gradc.vmap(f, in_axes=(Layer(0, None), None, None))(layers, V, [2.0])
    np.testing.assert_allclose(by_entry.w["out"], layers.w @ V * 2)
    with pytest.raises(ArgumentError, match=r"the axes \(0,\) do not fit 2 variables"):
        gradc.vmap(f, in_axes=((0,), None, None))(layers, V, [2.0])
