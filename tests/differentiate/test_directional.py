"""jvp, vjp, Rop, Lop, hessian_vector_product: values by differences, duality, errors."""

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.differentiate import Lop, Rop, grad, hessian_vector_product, jvp, vjp
from gradc.errors import (
    ArgumentError,
    DisconnectedInputError,
    GradcWarning,
    GradError,
    NullTypeGradError,
    ShapeError,
)
from gradc.graph.evaluate import evaluate
from gradc.graph.undefined import Disconnected
from tests.differentiate.numeric import STEP, value

pytestmark = pytest.mark.usefixtures("quickly")

RNG = np.random.default_rng(4)


def along(outputs, at, way):
    """Difference quotients of outputs along a way through the inputs, in long double."""
    ends = []
    for step in (STEP, -STEP):
        moved = {x: np.asarray(v, np.longdouble) + step * way.get(x, 0) for x, v in at.items()}
        ends.append(evaluate(outputs, moved, upcast="longdouble"))
    return [((a - b) / (2 * np.longdouble(STEP))).astype(float) for a, b in zip(*ends, strict=True)]


def layer():
    x, w, b = T.dmatrix("x"), T.dmatrix("w"), T.dvector("b")
    hidden = T.tanh(T.dot(x, w) + b)
    at = {v: RNG.normal(size=s) for v, s in ((x, (5, 3)), (w, (3, 4)), (b, (4,)))}
    way = {v: RNG.normal(size=a.shape) for v, a in at.items()}
    return (x, w, b), [hidden, T.sum(hidden**2, axis=0), T.softmax(hidden)], at, way


def test_jvp_is_the_difference_quotient():
    inputs, outputs, at, way = layer()
    found = evaluate(jvp(outputs, inputs, [T.constant(way[x]) for x in inputs]), at)
    for got, expected in zip(found, along(outputs, at, way), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


def test_jvp_and_vjp_are_duals():
    inputs, outputs, at, way = layer()
    cts = [RNG.normal(size=v.shape) for v in evaluate(outputs, at)]
    forwards = evaluate(jvp(outputs, inputs, [way[x] for x in inputs]), at)
    backwards = evaluate(vjp(outputs, inputs, cts), at)
    one = sum(np.sum(a * b) for a, b in zip(forwards, cts, strict=True))
    other = sum(np.sum(way[x] * b) for x, b in zip(inputs, backwards, strict=True))
    assert one == pytest.approx(other, rel=1e-12)


def test_duals_where_inputs_and_outputs_lie_above_each_other():
    x = T.dvector("x")
    h = T.exp(x)
    y = T.sin(h) * x
    at = {x: RNG.normal(size=3)}
    tx, th, cy, ch = RNG.normal(size=(4, 3))
    forwards = evaluate(jvp([y, h], [x, h], [tx, th]), at)
    backwards = evaluate(vjp([y, h], [x, h], [cy, ch]), at)
    one = np.sum(forwards[0] * cy) + np.sum(forwards[1] * ch)
    assert one == pytest.approx(np.sum(backwards[0] * tx) + np.sum(backwards[1] * th), rel=1e-12)


def test_the_answer_has_the_form_of_the_question():
    x, y = T.dvector("x"), T.dscalar("y")
    t = np.ones(2)
    assert isinstance(jvp(x * 2, x, t), T.Variable)
    assert isinstance(jvp((x * 2,), [x], [t]), tuple)
    assert isinstance(jvp([x * 2, x], x, t), list)
    assert isinstance(vjp(x * y, (x, y), t), tuple)
    assert isinstance(vjp([x * y], x, [t]), T.Variable)
    assert isinstance(hessian_vector_product(T.sum(x**3), [x], [t]), list)


def test_what_does_not_move_is_zero():
    x, y = T.dvector("x"), T.fvector("y")
    outputs = [y * 2, T.floor(x), T.cast(x, "int64"), x * 3]
    found = evaluate(jvp(outputs, x, np.ones(2)), {x: [1.5, 2], y: np.zeros(3, "float32")})
    assert [each.tolist() for each in found] == [[0] * 3, [0] * 2, [0] * 2, [3] * 2]
    assert [each.dtype.name for each in found] == ["float32", "float64", "float64", "float64"]
    assert value(jvp(x * y.sum(), [x, y], [None, np.ones(3)]), {x: [2.0], y: [0, 0, 0]}) == 6
    assert value(vjp([x, x * 2], x, [None, np.ones(1)]), {x: [1.0]}) == 2


def test_the_dtype_is_that_of_what_it_belongs_to():
    x = T.fvector("x")
    assert jvp(x**2, x, np.ones(2)).dtype == "float32"
    assert vjp(x**2, x, np.ones(2)).dtype == "float32"
    k = T.ivector("k")
    moved = jvp(T.cast(k, "float64") ** 2, k, np.ones(2))  # an integer variable is treated as real
    assert value(moved, {k: [3, 4]}).tolist() == [6, 8]


def test_stabilised_as_grad_is():
    x = T.dscalar("x")
    y = T.log(T.exp(2 * x) + 1)
    assert value(jvp(y, x, 1.0), {x: 600.0}) == 2
    assert np.isnan(value(jvp(y, x, 1.0, stabilize=False), {x: 600.0}))


def test_constants_do_not_move():
    x = T.dscalar("x")
    h = x**2
    y = h * x
    assert value(jvp(y, x, 1.0, consider_constant=[h]), {x: 3.0}) == 9
    assert value(vjp(y, x, 1.0, consider_constant=[h]), {x: 3.0}) == 9


def test_second_order_every_way():
    x = T.dvector("x")
    cost = T.sum(T.exp(T.sin(x)) * x[::-1])
    at, p = {x: RNG.normal(size=4)}, RNG.normal(size=4)
    (expected,) = along([grad(cost, x)], at, {x: p})
    ways = [
        hessian_vector_product(cost, x, p),
        grad(jvp(cost, x, p), x),
        vjp(grad(cost, x), x, p),
        grad(T.sum(grad(cost, x) * p), x),
        Rop(grad(cost, x), x, p),
    ]
    for got in evaluate(ways, at):
        np.testing.assert_allclose(got, expected, rtol=1e-8)
    third = jvp(hessian_vector_product(cost, x, p), x, p)
    (expected,) = along([hessian_vector_product(cost, x, p)], at, {x: p})
    np.testing.assert_allclose(value(third, at), expected, rtol=1e-8)


def test_a_hessian_of_several_variables_has_its_mixed_blocks():
    x, y = T.dvector("x"), T.dscalar("y")
    cost = T.sum(x**2) * y
    found = hessian_vector_product(cost, [x, y], [np.ones(2), np.asarray(2.0)])
    got = evaluate(found, {x: [1.0, 2.0], y: 3.0})
    assert [each.tolist() for each in got] == [[10, 14], 6]


def test_rop_and_lop_as_theano_documents_them():
    w, v, x = T.dmatrix("W"), T.dmatrix("V"), T.dvector("x")
    y = T.dot(x, w)
    f = gradc.function([w, v, x], Rop(y, w, v), on_unused_input="ignore")
    assert f([[1, 1], [1, 1]], [[2, 2], [2, 2]], [0, 1]).tolist() == [2, 2]
    u = T.dvector("v")
    g = gradc.function([u, x], Lop(T.dot(x, w), w, u))
    assert g([2, 2], [0, 1]).tolist() == [[0, 0], [2, 2]]


def test_disconnected():
    x, y = T.dvector("x"), T.dvector("y")
    with pytest.raises(DisconnectedInputError, match="the output exp does not depend on wrt"):
        Rop(T.exp(y), x, np.ones(2))
    with pytest.warns(GradcWarning):
        Rop(T.exp(y), x, np.ones(2), disconnected_outputs="warn")
    ignore = {"disconnected_outputs": "ignore"}
    assert Rop([T.exp(y)], x, np.ones(2), **ignore, return_disconnected="None") == [None]
    found = Rop(T.exp(y), x, np.ones(2), **ignore, return_disconnected="Disconnected")
    assert isinstance(found, Disconnected)
    with pytest.raises(DisconnectedInputError, match="Lop: no output depends on y"):
        Lop(T.exp(x), y, np.ones(2))
    assert value(vjp(T.exp(x), y, np.ones(2)), {x: [0, 0], y: [1, 1]}).tolist() == [0, 0]


def test_errors_name_the_argument():
    x, k = T.dvector("x"), T.ivector("k")
    with pytest.raises(ShapeError, match=r"jvp: the tangent of x has type float64\[\]"):
        jvp(x * 2, x, 1.0)
    with pytest.raises(ArgumentError, match="jvp: tangents has 1 entries for 2 variables"):
        jvp(x * 2, [x, k], [np.ones(2)])
    with pytest.raises(GradError, match="vjp: no output of a float dtype"):
        vjp(k * 2, k, np.ones(2))
    with pytest.raises(NullTypeGradError, match="jvp: the tangent of"):
        jvp(T.exp(T.undefined_grad(x)), x, np.ones(2))


@pytest.mark.parametrize("function", [T.zero_grad, T.consider_constant])
def test_stops_that_are_flat(function):
    x = T.dscalar("x")
    assert value(grad(function(x) * x, x), {x: 3.0}) == 3
    assert value(jvp(function(x) * x, x, 1.0), {x: 3.0}) == 3
    assert value(grad(function(x), x), {x: 3.0}) == 0


def test_other_stops():
    x = T.dvector("x")
    with pytest.raises(DisconnectedInputError):
        grad(T.sum(T.disconnected_grad(x)), x)
    with pytest.raises(NullTypeGradError, match="undefined_grad was applied to it"):
        grad(T.sum(T.undefined_grad(x)), x)
    cost = T.sum(T.grad_clip(x, -1, 0.5) ** 2)
    assert value(grad(cost, x), {x: [-3.0, 0.1, 3.0]}).tolist() == [-1, 0.2, 0.5]
    assert value(grad(T.sum(T.grad_scale(x, 3) ** 2), x), {x: [1.0, 2.0]}).tolist() == [6, 12]
    f = gradc.function([x], [T.grad_clip(x, -1, 1) * 2, T.zero_grad(x)])
    assert f([3.0])[0].tolist() == [6]
    names = {node.op.name for node in f.stages.optimized.nodes}
    assert not names & {"grad_clip", "zero_grad"}
