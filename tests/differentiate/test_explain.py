"""explain_grad: the terms sum to the gradient, and the text is what the lecture does."""

import io

import numpy as np
import pytest

import gradc.tensor as T
from gradc import explain_grad, grad, shared
from gradc.errors import DisconnectedInputError
from tests.differentiate.numeric import value
from tests.differentiate.test_reverse import EXPRESSIONS

RNG = np.random.default_rng(3)


def quiet(*arguments, **options):
    return explain_grad(*arguments, file=io.StringIO(), **options)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_terms_sum_to_the_gradient(name):
    x, y = T.matrix("x"), T.matrix("y")
    values = {x: RNG.uniform(-2, 2, (3, 4)), y: RNG.uniform(-2, 2, (3, 4))}
    cost = EXPRESSIONS[name](x, y)
    explanation = quiet(cost, x, values=values)
    expected = value(grad(cost, x, stabilize=False), values)
    assert explanation.entries[-1].variable is x
    for entry in explanation.entries[1:]:
        total = sum(term.value for term in entry.terms)
        if all(np.isfinite(term.value).all() for term in entry.terms):
            np.testing.assert_allclose(total, entry.value, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(explanation.entries[-1].value, expected, rtol=1e-12, atol=1e-12)


def test_the_first_consumers_are_the_lectures():
    x = T.dscalar("x")
    a = x * x
    b = T.exp(x)
    explanation = quiet(a + b, x)
    last = explanation.entries[-1]
    assert [term.consumer for term in last.terms] == [b, a]
    assert [term.text for term in last.terms] == ["mul(D, exp(x))", "add(mul(D, x), mul(D, x))"]
    assert explanation.entries[0].terms == ()
    assert explanation.gradient is last.gradient


def test_a_guard_is_named():
    x = T.dscalar("x")
    cost = T.switch(x > 0, T.log(x), 0.0)
    term = quiet(cost, x, values={x: 0.0}).entries[-1].terms[0]
    assert np.isnan(term.value)
    assert term.note == "not finite at 1 of 1; grad masks it by its guard, 0 where not gt(x, 0.0)"
    assert "masked by its guard: 0 where not gt(x, 0.0)" in str(quiet(cost, x))


def test_a_rule_is_named():
    x = T.dscalar("x")
    cost = T.log(1 + T.exp(x))
    explanation = quiet(cost, x, values={x: 1000.0})
    notes = [term.note for entry in explanation.entries for term in entry.terms]
    assert "not finite at 1 of 1; grad never builds it: replaced by log_of_one_plus_exp" in notes


def test_shared_variables_have_their_own_values():
    w = shared(np.array([1.0, 2.0]), name="w")
    assert quiet(T.sum(w**3), w, values={}).entries[-1].value.tolist() == [3, 12]


def test_what_is_disconnected_raises_and_what_is_flat_is_zero():
    x, y = T.dscalar("x"), T.dscalar("y")
    with pytest.raises(DisconnectedInputError):
        quiet(x * 2.0, y)
    explanation = quiet(T.floor(x), x, values={x: 1.5})
    assert explanation.entries[-1].value == 0


def test_printed_text_of_a_small_network(capsys):
    x = T.dvector("x")
    w = shared(np.array([0.5, -0.25]), name="w")
    z = T.dot(x, w)
    z.name = "z"
    cost = (z - 1.0) ** 2
    cost.name = "cost"
    explanation = explain_grad(cost, w, values={x: [1.0, 2.0]})
    assert capsys.readouterr().out == str(explanation) + "\n"
    at = [f"[test_explain.py:{v.site.line}]" for v in (cost, cost, z, w)]
    assert str(explanation) == TEXT.format(*at)
    assert repr(explanation) == "<explain_grad(cost, w): 4 entries>"


TEXT = """\
explain_grad: the gradient of cost with respect to w
G:
  %0 = input : float64[?]  # x
  %1 = shared : float64[?]  # w
  %2 = constant 1.0 : float64[]
  %3 = constant 2.0 : float64[]
  %4 = contract{{out=, x=a, y=a}} %0, %1 : float64[]  # z
  %5 = sub %4, %2 : float64[]
  %6 = pow %5, %3 : float64[]  # cost
  outputs: %6

build_grad(cost) : float64[]    {}
  grad_table[cost] = 1.0 = 1. : float64[]

build_grad(%5) : float64[]    {}
  C = cost, op = pow, inputs = [%5, 2.0], D = grad_table[cost]
    G_0 = op.bprop(inputs, %5, D) = mul(D, mul(2.0, %5)) : float64[]
        = -2. : float64[]
  grad_table[%5] = G_0 = -2. : float64[]

build_grad(z) : float64[]    {}
  C = %5, op = sub, inputs = [z, 1.0], D = grad_table[%5]
    G_0 = op.bprop(inputs, z, D) = D : float64[]
        = -2. : float64[]
  grad_table[z] = G_0 = -2. : float64[]

build_grad(w) : float64[?]    {}
  C = z, op = contract{{out=, x=a, y=a}}, inputs = [x, w], D = grad_table[z]
    G_0 = op.bprop(inputs, w, D) = contract{{out=a, x=a, y=}}(x, D) : float64[?]
        = [-2., -4.] : float64[2]
  grad_table[w] = G_0 = [-2., -4.] : float64[2]"""
