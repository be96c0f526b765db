"""scipy_objective: what scipy.optimize minimises, judged by scipy, differences and scikit-learn."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.errors import ArgumentError, ArgumentTypeError, CostTypeError, DisconnectedInputError

pytestmark = pytest.mark.usefixtures("quickly")

optimize = pytest.importorskip("scipy.optimize")
M = np.arange(6.0).reshape(2, 3) / 7


@pytest.fixture(scope="module")
def made():
    w = gradc.shared(M, "w")
    b = gradc.shared(np.float32([0.5, -0.25]), "b")
    x = T.dvector("x")
    hidden = T.tanh(w @ x + b)
    fun, x0 = gradc.scipy_objective(T.sum(hidden**2) + T.sum(w**4), {"w": w, "b": b}, [x])
    return w, b, fun, x0


def test_the_vector_holds_all_parameters(made) -> None:
    _, _, fun, x0 = made
    np.testing.assert_array_equal(x0, [*M.ravel(), 0.5, -0.25])
    first, second = fun.split(x0 + 1)
    np.testing.assert_array_equal(first, M + 1)
    np.testing.assert_array_equal(second, [1.5, 0.75])
    assert second.dtype == np.float32


def test_gradient_and_product_with_the_hessian(made) -> None:
    _, _, fun, x0 = made
    data, p = np.array([1.0, -2.0, 0.5]), np.linspace(-1, 1, 8)

    def cost(v):
        w, b = v[:6].reshape(2, 3), v[6:]
        return np.sum(np.tanh(w @ data + b) ** 2) + np.sum(w**4)

    value, gradient = fun(x0, data)
    assert type(value) is float
    np.testing.assert_allclose(value, cost(x0), rtol=1e-7)
    np.testing.assert_allclose(gradient, optimize.approx_fprime(x0, cost, 1e-7), atol=1e-5)
    step = 1e-4
    slope = (fun(x0 + step * p, data)[1] - fun(x0 - step * p, data)[1]) / (2 * step)
    np.testing.assert_allclose(fun.hessp(x0, p, data), slope, atol=2e-3)


def test_assign_and_bounds(made) -> None:
    w, b, fun, x0 = made
    fun.assign(x0 * 2)
    np.testing.assert_array_equal(w.get_value(), M * 2)
    np.testing.assert_array_equal(b.get_value(), np.float32([1.0, -0.5]))
    fun.assign(x0)
    limits = fun.bounds({w: (0, None), b: (None, np.array([1.0, 2.0]))})
    np.testing.assert_array_equal(limits[:6], [[0, np.inf]] * 6)
    np.testing.assert_array_equal(limits[6:], [[-np.inf, 1], [-np.inf, 2]])


def test_minimisers_of_scipy_take_it() -> None:
    x = gradc.shared(np.array([-1.2, 1.0]), "x")
    rosenbrock = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    fun, x0 = gradc.scipy_objective(rosenbrock, x)
    for options in (
        {"method": "L-BFGS-B"},
        {"method": "Newton-CG", "hessp": fun.hessp},
        {"method": "trust-ncg", "hessp": fun.hessp},
        {"method": "L-BFGS-B", "bounds": fun.bounds({x: (-2, 2)})},
    ):
        result = optimize.minimize(fun, x0, jac=True, **options)
        np.testing.assert_allclose(result.x, 1, atol=1e-3)
    np.testing.assert_array_equal(x.get_value(), [-1.2, 1.0])


def test_what_is_refused(made) -> None:
    w, _, fun, _ = made
    other = gradc.shared(1.0, "other")
    with pytest.raises(CostTypeError, match="the cost must be a float scalar"):
        gradc.scipy_objective(w, [w])
    with pytest.raises(ArgumentTypeError, match="must be shared variables of floats"):
        gradc.scipy_objective(T.sum(w), [T.dvector("v")])
    with pytest.raises(ArgumentError, match="there is no parameter"):
        gradc.scipy_objective(T.sum(w), [])
    with pytest.raises(DisconnectedInputError):
        gradc.scipy_objective(T.sum(w), [w, other])
    with pytest.raises(ArgumentError, match="other is not one of the parameters"):
        fun.bounds({other: (0, 1)})
    with pytest.raises(ArgumentError, match=r"a vector of 8, got one of shape \(3,\)"):
        fun.assign(np.zeros(3))


def test_logistic_regression_finds_what_scikit_learn_finds() -> None:
    pytest.importorskip("sklearn")
    example = importlib.import_module("examples.logistic_lbfgs")
    x, y = example.read_data()
    found, other = example.fit(x, y), example.reference(x, y)
    np.testing.assert_allclose(found.weights, other.coef_[0], atol=2e-4)
    np.testing.assert_allclose(found.intercept, other.intercept_[0], atol=2e-4)
    assert found.evaluations < 200
