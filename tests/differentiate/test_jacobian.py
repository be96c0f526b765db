"""jacobian, hessian, value_and_grad: values row by row, and what they cost."""

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.differentiate import grad, hessian, jacobian, value_and_grad
from gradc.errors import DisconnectedInputError, GradError
from gradc.graph.evaluate import evaluate
from gradc.graph.walk import toposort
from tests.differentiate.numeric import slope, value

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(6)


def rows(expression, wrt, at):
    """The jacobian by differences, element by element of the expression."""
    shape = evaluate([expression], at)[0].shape
    found = [slope(expression[place], wrt, at) for place in np.ndindex(shape)]
    return np.array(found).reshape(shape + np.shape(at[wrt]))


EXPRESSIONS = {
    "linear layer": lambda x, w: T.dot(x, w) + 1,
    "deep": lambda x, w: T.tanh(T.dot(T.sigmoid(x), w))[:, ::2],
    "softmax": lambda x, w: T.softmax(T.dot(x, w)),
    "sums": lambda x, w: T.sum(x, axis=0) * T.max(x, axis=0),
    "gather": lambda x, w: x[np.array([1, 0, 1])] ** 2,
    "product": lambda x, w: T.prod(x, axis=1) + w[0, 0],
    "scalar": lambda x, w: T.sum(x**3),
    "reshaped": lambda x, w: T.exp(x).reshape((-1,)),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_jacobian_is_right_row_by_row(name):
    x, w = T.dmatrix("x"), T.dmatrix("w")
    y = EXPRESSIONS[name](x, w)
    at = {x: RNG.normal(size=(2, 3)), w: RNG.normal(size=(3, 4))}
    found = jacobian(y, [x, w], disconnected_inputs="ignore")
    for got, v in zip(evaluate(found, at), (x, w), strict=True):
        np.testing.assert_allclose(got, rows(y, v, at), rtol=1e-8, atol=1e-9)


def products(f):
    return [line for line in str(f.stages.program).splitlines() if "gemm " in line]


def test_a_jacobian_of_a_linear_layer_is_its_matrix():
    x, w, b = T.dvector("x"), T.dmatrix("w"), T.dvector("b")
    f = gradc.function([x, w, b], jacobian(T.dot(w, x) + b, x), on_unused_input="ignore")
    assert products(f) == []
    at = RNG.normal(size=(3, 4))
    np.testing.assert_array_equal(f(np.ones(4), at, np.ones(3)), at)
    rows_of = T.dmatrix("rows")
    g = gradc.function([rows_of, w], jacobian(T.dot(rows_of, w), w))
    assert len(products(g)) == 1


def test_a_jacobian_of_two_layers_is_one_product():
    x, v, w = T.dvector("x"), T.dmatrix("v"), T.dmatrix("w")
    f = gradc.function([x, v, w], jacobian(T.dot(w, T.tanh(T.dot(v, x))), x))
    assert len(products(f)) == 1
    at = RNG.normal(size=4), RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3))
    slope = 1 - np.tanh(at[1] @ at[0]) ** 2
    np.testing.assert_allclose(f(*at), at[2] @ (slope[:, None] * at[1]), rtol=1e-13)


def test_infinities_stay_where_they_are():
    x, w = T.dvector("x"), T.dmatrix("w")
    f = gradc.function([x, w], jacobian(T.dot(w, x), x))
    at = np.array([[np.inf, 1.0], [2.0, np.nan]])
    np.testing.assert_array_equal(f(np.ones(2), at), at)


def test_a_jacobian_has_as_many_nodes_for_any_length():
    sizes = []
    for n in (2, 50):
        x = T.vector("x", dtype="float64", shape=(n,))
        sizes.append(len(toposort([jacobian(T.exp(x) * T.sum(x), x)])))
    assert sizes[0] == sizes[1]


def test_a_hessian_of_a_quadratic_form():
    x, q = T.dvector("x"), T.dmatrix("q")
    f = gradc.function([x, q], hessian(T.dot(x, T.dot(q, x)), x), on_unused_input="ignore")
    assert products(f) == []
    at = RNG.normal(size=(4, 4))
    np.testing.assert_allclose(f(np.ones(4), at), at + at.T, rtol=1e-15)


def test_a_hessian_of_logistic_regression():
    x, y, w = T.dmatrix("x"), T.dvector("y"), T.dvector("w")
    cost = T.mean(T.log(1 + T.exp(-y * T.dot(x, w))))
    f = gradc.function([x, y, w], hessian(cost, w))
    assert len(products(f)) == 1
    at = {x: RNG.normal(size=(6, 3)), y: np.sign(RNG.normal(size=6)), w: RNG.normal(size=3)}
    p = 1 / (1 + np.exp(-at[x] @ at[w]))
    expected = (at[x].T * (p * (1 - p))) @ at[x] / 6
    np.testing.assert_allclose(f(*at.values()), expected, rtol=1e-12)


def test_a_hessian_of_any_rank_is_the_slope_of_the_gradient():
    x = T.dmatrix("x")
    cost = T.sum(T.logsumexp(x, axis=1) * T.prod(x, axis=1))
    at = {x: RNG.normal(size=(2, 3))}
    np.testing.assert_allclose(
        value(hessian(cost, x), at), rows(grad(cost, x), x, at), rtol=1e-8, atol=1e-9
    )
    y = T.dscalar("y")
    assert value(hessian(y**3, y), {y: 2.0}) == 12
    assert value(hessian(T.sum(x * 2), x), at).shape == (2, 3, 2, 3)


def test_the_answer_has_the_form_of_the_question():
    x, y = T.dvector("x"), T.dvector("y")
    z = x * T.sum(y)
    assert isinstance(jacobian(z, x), T.Variable)
    assert isinstance(jacobian(z, (x, y)), tuple)
    assert isinstance(hessian(T.sum(z), [x, y]), list)
    cost, gradients = value_and_grad(T.sum(z), [x])
    assert cost.ndim == 0
    assert isinstance(gradients, list)


def test_disconnected_and_constant():
    x, y = T.dvector("x"), T.dvector("y")
    with pytest.raises(DisconnectedInputError, match="y"):
        jacobian(x * 2, y)
    zeros = jacobian(x * 2, y, disconnected_inputs="ignore")
    assert value(zeros, {x: [1.0, 2.0], y: [1.0]}).tolist() == [[0], [0]]
    h = T.exp(x)
    kept = jacobian(h * x, x, consider_constant=[h])
    np.testing.assert_allclose(value(kept, {x: [0.0, 1.0]}), np.diag([1, np.e]))
    with pytest.raises(GradError, match="jacobian: the expression must be of a float dtype"):
        jacobian(T.ivector("k") * 2, x)


def test_empty():
    x = T.dvector("x")
    f = gradc.function([x], jacobian(T.exp(x), x))
    assert f([]).shape == (0, 0)


def test_against_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    x, w = T.dmatrix("x"), T.dmatrix("w")
    at = {x: RNG.normal(size=(2, 3)), w: RNG.normal(size=(3, 4))}
    y = T.softmax(T.tanh(T.dot(x, w)))

    def same(x, w):
        return jax.nn.softmax(jax.numpy.tanh(x @ w))

    expected = jax.jacobian(same, (0, 1))(*at.values())
    for got, want in zip(evaluate(jacobian(y, [x, w]), at), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)
    second = jax.hessian(lambda x: same(x, at[w]).max(axis=1).sum())(at[x])
    found = hessian(T.sum(T.max(y, axis=1)), x)
    np.testing.assert_allclose(value(found, at), second, rtol=1e-10, atol=1e-13)


def test_complex_jacobians():
    z, w, x = T.zvector("z"), T.zmatrix("w"), T.dvector("x")
    both = jacobian(T.dot(w, T.exp(z)), [z, w], holomorphic=True)
    turned = jacobian(T.exp(1j * x) * T.sum(x), x)
    rows_of_real = jacobian(T.abs(z) ** 2, z)
    scalar = jacobian(z[0] ** 3, z, holomorphic=True)
    f = gradc.function([z, w, x], [*both, turned, rows_of_real, scalar], on_unused_input="ignore")
    at = RNG.normal(size=3) + 1j * RNG.normal(size=3)
    matrix, real = RNG.normal(size=(2, 3)) + 1j * RNG.normal(size=(2, 3)), RNG.normal(size=3)
    by_z, by_w, by_x, of_real, of_scalar = f(at, matrix, real)
    np.testing.assert_allclose(by_z, matrix * np.exp(at), 1e-12)
    np.testing.assert_allclose(by_w, np.eye(2)[:, :, None] * np.exp(at), 1e-12)
    wave = np.exp(1j * real)
    np.testing.assert_allclose(by_x, np.diag(1j * wave * real.sum()) + wave[:, None], 1e-12)
    np.testing.assert_allclose(of_real, np.diag(2 * at), 1e-12)
    np.testing.assert_allclose(of_scalar, [3 * at[0] ** 2, 0, 0], 1e-12)
    numbers = gradc.jacobian(T.exp, holomorphic=True)(at)
    np.testing.assert_allclose(numbers, np.diag(np.exp(at)), 1e-12)
    with pytest.raises(GradError, match=r"derivatives are two, by z and by conj\(z\)"):
        jacobian(z, z)
    with pytest.raises(GradError, match="holomorphic functions are of complex numbers, got float"):
        jacobian(x, x, holomorphic=True)
