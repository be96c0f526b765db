"""grad against central differences, and what it promises beside numbers."""

import sys
import warnings

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc import grad, shared
from gradc.differentiate import reverse
from gradc.errors import (
    ArgumentError,
    ArgumentTypeError,
    DisconnectedInputError,
    GradcWarning,
    GradError,
    NullTypeGradError,
    ShapeError,
)
from gradc.graph.undefined import Disconnected, Undefined
from gradc.graph.walk import ancestors, toposort
from tests.differentiate.numeric import slope, value

RNG = np.random.default_rng(7)


def softmax_by_hand(x):
    shifted = T.exp(x)
    return shifted / T.sum(shifted, axis=1, keepdims=True)


EXPRESSIONS = {
    "product": lambda x, y: T.sum(x * y * x),
    "quotient": lambda x, y: T.sum(x / (1 + y**2)),
    "power": lambda x, y: T.sum(T.abs(x) ** y),
    "broadcast": lambda x, y: T.sum(T.exp(x - T.mean(x, axis=1, keepdims=True)) * y),
    "dot": lambda x, y: T.sum(T.tanh(T.dot(x, y.T))),
    "used twice": lambda x, y: T.sum(T.sin(x) * T.sin(x)) + T.sum(x * x),
    "softmax": lambda x, y: -T.sum(T.log(softmax_by_hand(x)) * T.sigmoid(y)),
    "reductions": lambda x, y: T.sum(T.max(x, axis=0) * T.prod(y, axis=0)) + T.var(x),
    "views": lambda x, y: T.sum(T.reshape(x, (4, 3)) * y.T[:, ::-1]),
    "slices": lambda x, y: T.sum(T.exp(x[1:, :2]) * y[:2, 2:]) + x[0, 0] * y[2, 3],
    "guarded": lambda x, y: T.sum(T.switch(x > 0, T.log(T.abs(x)), y * x)),
    "softplus": lambda x, y: T.sum(T.log(1 + T.exp(x)) * y),
    "row": lambda x, y: T.sum(x[0] * y),
}


@pytest.mark.parametrize("stabilize", [True, False])
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_first_derivatives_are_the_slopes(name, stabilize):
    x, y = T.matrix("x"), T.matrix("y")
    values = {x: RNG.uniform(-2, 2, (3, 4)), y: RNG.uniform(-2, 2, (3, 4))}
    cost = EXPRESSIONS[name](x, y)
    wrt = [v for v in (x, y) if v in ancestors([cost])]
    for variable, gradient in zip(wrt, grad(cost, wrt, stabilize=stabilize), strict=True):
        assert (gradient.dtype, gradient.ndim) == (variable.dtype, variable.ndim)
        known = {n for n in gradient.type.shape if n is not None}  # what a reshape said, say
        assert known <= {3, 4}
        expected = slope(cost, variable, values)
        np.testing.assert_allclose(value(gradient, values), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_second_derivatives_and_mixed_partials(name):
    x, y = T.matrix("x"), T.matrix("y")
    values = {x: RNG.uniform(-2, 2, (3, 4)), y: RNG.uniform(-2, 2, (3, 4))}
    cost = EXPRESSIONS[name](x, y)
    first = T.sum(grad(cost, x) * RNG.standard_normal((3, 4)))
    wrt = [v for v in (x, y) if v in ancestors([cost])]
    seconds = grad(first, wrt, disconnected_inputs="ignore")
    for variable, gradient in zip(wrt, seconds, strict=True):
        expected = slope(first, variable, values)
        np.testing.assert_allclose(value(gradient, values), expected, rtol=1e-8, atol=1e-8)


def test_third_derivative():
    x = T.dscalar("x")
    third = grad(grad(grad(T.sin(x) * x**3, x), x), x)
    point = 0.7  # by Leibniz's rule
    expected = 6 * np.sin(point) + 18 * point * np.cos(point)
    expected += -9 * point**2 * np.sin(point) - point**3 * np.cos(point)
    assert value(third, {x: point}) == pytest.approx(expected, rel=1e-12)


def test_mixed_partials_do_not_depend_on_the_order():
    x, y = T.dscalar("x"), T.dscalar("y")
    cost = T.exp(x * y) * T.sin(y)
    values = {x: 0.3, y: 1.1}
    one, other = grad(grad(cost, x), y), grad(grad(cost, y), x)
    assert value(one, values) == pytest.approx(value(other, values), rel=1e-13)


# -- what "with respect to this variable" means ------------------------------------------------


@pytest.mark.parametrize("stabilize", [True, False])
def test_wrt_means_this_variable_and_no_other_spelled_alike(stabilize):
    x = T.dscalar("x")
    a, b = T.exp(x), T.exp(x)
    cost = a + 2 * b
    assert value(grad(cost, a, stabilize=stabilize), {x: 1.0}) == 1
    assert value(grad(cost, b, stabilize=stabilize), {x: 1.0}) == 2
    both = grad(cost, [a, b, x], stabilize=stabilize)
    assert [float(value(g, {x: 1.0})) for g in both] == [1, 2, pytest.approx(3 * np.e)]


def test_wrt_a_variable_inside_what_a_rule_would_rewrite():
    x = T.dscalar("x")
    e = T.exp(x)
    cost = T.log(1 + e)
    by_e, by_x = grad(cost, [e, x])
    assert value(by_e, {x: 0.5}) == pytest.approx(1 / (1 + np.exp(0.5)), rel=1e-14)
    assert value(by_x, {x: 0.5}) == pytest.approx(1 / (1 + np.exp(-0.5)), rel=1e-14)


def test_below_a_wall_the_definition_is_stabilised_too():
    x = T.dscalar("x")
    h = T.log(1 + T.exp(x))
    by_h, by_x = grad(h**2, [h, x])
    assert value(by_x, {x: 1000.0, h: 1000.0}) == 2000  # h is not rewritten before function is
    assert value(by_h, {x: 1000.0, h: 5.0}) == 10


def test_stabilised_before_differentiating():
    x = T.dscalar("x")
    cost = T.log(T.exp(2 * x) + 1)
    assert value(grad(cost, x), {x: 1000.0}) == 2
    assert np.isnan(value(grad(cost, x, stabilize=False), {x: 1000.0}))


def test_the_cost_itself_and_an_unused_position():
    x = T.dscalar("x")
    cost = x**2
    assert value(grad(cost, cost), {x: 3.0}) == 1
    assert value(grad(x, x), {}) == 1


def test_kind_of_wrt_is_mirrored():
    x, y = T.dscalar("x"), T.dscalar("y")
    cost = x * y
    assert isinstance(grad(cost, [x]), list)
    assert isinstance(grad(cost, (x, y)), tuple)
    assert grad(cost, []) == []
    assert grad(cost, x) is not None


def test_shared_variables():
    w = shared(np.array([1.0, 2.0]), name="w")
    assert value(grad(T.sum(w**3), w), {w: w.get_value()}).tolist() == [3, 12]


# -- dtypes ------------------------------------------------------------------------------------


def test_a_gradient_has_the_dtype_of_its_variable():
    x, y = T.fvector("x"), T.dvector("y")
    by_x, by_y = grad(T.sum(x * y), [x, y])
    assert (by_x.dtype, by_y.dtype) == ("float32", "float64")


def test_an_integer_variable_is_treated_as_real():
    x, i = T.dscalar("x"), T.iscalar("i")
    by_x, by_i = grad(x * i, [x, i])
    values = {x: 2.5, i: 3}
    assert value(by_x, values) == 3
    assert value(by_i, values) == 2.5
    assert by_i.dtype == "float64"


def test_integer_results_cut():
    x, i = T.dscalar("x"), T.iscalar("i")
    cost = x * (2 * i) + i
    assert value(grad(cost, i), {x: 2.5, i: 3}) == 1
    assert value(grad(T.cast(x, "int64") * 1.5, x), {x: 2.5}) == 0
    assert value(grad(T.mean(T.exp(x) > 0.5), x), {x: 1.0}) == 0


def test_steps_have_slope_zero_even_under_a_pole():
    x = T.dscalar("x")
    assert value(grad(T.floor(T.log(x)), x), {x: 0.0}) == 0
    assert value(grad(T.switch(x > 0, 1.0, 2.0), x), {x: 1.0}) == 0


# -- known gradients, constants ----------------------------------------------------------------


def test_known_grads_replace_the_cost():
    x = T.dvector("x")
    h = T.tanh(x)
    v = T.dvector("v")
    product = grad(None, x, known_grads={h: v})
    values = {x: [0.1, 0.5], v: [2.0, -1.0]}
    expected = np.array(values[v]) * (1 - np.tanh(values[x]) ** 2)
    np.testing.assert_allclose(value(product, values), expected, rtol=1e-13)


def test_known_grads_win_over_what_would_be_computed():
    x = T.dscalar("x")
    h = x**2
    assert value(grad(h**2, x, known_grads={h: 10.0}), {x: 3.0}) == 60
    assert value(grad(h**2, h, known_grads=[(h, 10.0)]), {x: 3.0}) == 10


def test_known_grads_of_several():
    x = T.dscalar("x")
    a, b = T.sin(x), x**3
    total = grad(None, x, known_grads={a: 2.0, b: 5.0})
    assert value(total, {x: 0.4}) == pytest.approx(2 * np.cos(0.4) + 15 * 0.16, rel=1e-13)


def test_consider_constant():
    x = T.dscalar("x")
    h = x**2
    assert value(grad(h * x, x, consider_constant=[h]), {x: 3.0}) == 9
    with pytest.raises(DisconnectedInputError):
        grad(h * x, h, consider_constant=[h])


# -- disconnected ------------------------------------------------------------------------------


def test_disconnected_inputs_raise_with_the_line():
    x = T.dscalar("x")
    y = T.dvector("y")
    with pytest.raises(DisconnectedInputError) as error:
        grad(x**2, y)
    line = y.site.line
    assert str(error.value) == (
        "grad: the cost does not depend on y.\n"
        f'    y : float64[?]    made at test_reverse.py:{line}    y = T.dvector("y")\n'
        "  Fix: differentiate by what the cost uses, or pass "
        'disconnected_inputs="ignore" for zeros.'
    )
    assert error.value.variable == "y"


def test_disconnected_inputs_warn_or_are_ignored():
    x, y = T.dscalar("x"), T.dvector("y")
    with pytest.warns(GradcWarning, match="does not depend on y") as caught:
        grad(x**2, y, disconnected_inputs="warn")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zero = grad(x**2, y, disconnected_inputs="ignore")
    assert value(zero, {y: [1.0, 2.0]}).tolist() == [0, 0]


def test_what_stands_for_the_disconnected():
    x, y = T.dscalar("x"), T.dvector("y")
    options = {"disconnected_inputs": "ignore"}
    assert grad(x, [y], return_disconnected="None", **options) == [None]
    assert grad(x, y, return_disconnected="Disconnected", **options) == Disconnected(y)
    found = grad(x, y, return_disconnected="Disconnected", **options)
    assert isinstance(found.type, gradc.DisconnectedType)
    assert found.type == gradc.DisconnectedType()
    assert found.type(y) == found


def test_a_shape_is_no_dependence():
    x = T.dvector("x")
    with pytest.raises(DisconnectedInputError):
        grad(T.cast(x.shape[0], "float64"), x)
    assert value(grad(T.mean(x), x), {x: [1.0, 2.0]}).tolist() == [0.5, 0.5]


# -- undefined ---------------------------------------------------------------------------------


def test_undefined_gradients_raise():
    x = T.dscalar("x")
    h = T.exp(x)
    known = {h: Undefined(x.type, "it is a test")}
    with pytest.raises(NullTypeGradError, match="x is undefined: it is a test"):
        grad(None, x, known_grads=known)
    found = grad(None, x, known_grads=known, null_gradients="return")
    assert isinstance(found, Undefined)


# -- refusals ----------------------------------------------------------------------------------


def test_the_cost_must_be_a_scalar():
    y, t = T.vector("y", dtype="float32"), T.vector("t", dtype="float32")
    loss = (y - t) ** 2
    with pytest.raises(GradError) as error:
        grad(loss, y)
    assert str(error.value) == (
        "grad: the cost must be a scalar, got float32[?].\n"
        f"    cost made at test_reverse.py:{loss.site.line}    loss = (y - t) ** 2\n"
        "  Fix: reduce it first, for example T.mean(loss); for one gradient per row use "
        "gradc.jacobian."
    )


def test_the_cost_must_be_a_float():
    x = T.lvector("x")
    total = T.sum(x)
    with pytest.raises(GradError, match=r"must be of a float dtype, got int64\[\]"):
        grad(total, x)


def test_bad_arguments():
    x = T.dscalar("x")
    with pytest.raises(GradError, match="neither a cost nor known_grads"):
        grad(None, x)
    with pytest.raises(ArgumentTypeError, match="the cost must be a variable, got float"):
        grad(1.0, x)
    with pytest.raises(ArgumentTypeError, match="wrt must be a variable or a list of them"):
        grad(x, [x, "y"])
    with pytest.raises(ArgumentTypeError, match="wrt must be a variable or a list of them"):
        grad(x, 5)
    with pytest.raises(ArgumentError, match="disconnected_inputs must be one of"):
        grad(x, x, disconnected_inputs="no")
    with pytest.raises(ShapeError, match="the known gradient of x has type"):
        grad(None, x, known_grads={x: np.zeros(3)})


# -- the graph that comes out ------------------------------------------------------------------


def test_names_of_gradients():
    x, y = T.dscalar("x"), T.dscalar("y")
    cost = T.exp(x * y)
    assert grad(cost, x).name is None
    cost.name = "cost"
    assert grad(cost, x).name == "(dcost/dx)"
    assert grad(cost, x, add_names=False).name is None
    plain = x * y
    plain.name = "p"
    grad(plain, x)
    assert (x.name, y.name) == ("x", "y")


def test_gradient_nodes_belong_to_the_forward_line():
    x = T.dvector("x")
    h = T.exp(x)
    cost = T.sum(h)
    gradient = grad(cost, x)
    lines = {node.site.line for node in toposort([gradient])}
    assert lines <= {x.site.line, h.site.line, cost.site.line}


def test_the_users_own_nodes_stay_where_no_rule_fired():
    x = T.dvector("x")
    h = T.exp(T.sin(x))
    cost = T.sum(h * x)
    assert h in ancestors([grad(cost, x)])


def test_each_gradient_is_built_once():
    x = T.dscalar("x")
    out = x
    for _ in range(40):
        out = out * out + out
    assert len(toposort([grad(out, x)])) < 40 * 10


def test_a_variable_that_is_used_two_thousand_times():
    x = T.dscalar("x")
    terms = [x * float(k) for k in range(2000)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    assert value(grad(total, x, stabilize=False), {x: 1.0}) == sum(range(2000))


@pytest.fixture
def low_recursion_limit():
    old = sys.getrecursionlimit()
    sys.setrecursionlimit(400)
    yield
    sys.setrecursionlimit(old)


@pytest.mark.usefixtures("low_recursion_limit")
def test_a_chain_of_thousands_of_nodes():
    x = T.dscalar("x")
    out = x
    for _ in range(1000):
        out = T.sin(out) + 1.0
    assert len(toposort([out])) >= 2000
    gradient = grad(out, x)
    number, point = 1.0, 0.3
    for _ in range(1000):
        number *= np.cos(point)
        point = np.sin(point) + 1.0
    assert value(gradient, {x: 0.3}) == pytest.approx(number, rel=1e-10)


def test_many_variables_without_influence_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the cost as it was written reads them is seen from one pass over it, for all."""
    seen = []
    real = reverse.differentiate
    monkeypatch.setattr(reverse, "differentiate", lambda *a, **k: seen.append(k) or real(*a, **k))
    x, *others = (T.vector(name) for name in "xabcd")
    cost = T.sum(x * 2 + 0 * others[0])
    options = {"disconnected_inputs": "ignore"}
    assert gradc.grad(cost, others, return_disconnected="None", **options)[1:] == [None] * 3
    assert len(seen) == 2
    gradc.grad(cost, others, **options)
    assert len(seen) == 3
