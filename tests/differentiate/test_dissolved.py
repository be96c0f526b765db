"""A variable that a rule dissolved raises when it is named later, and says to keep it."""

import gc

import pytest

import gradc.tensor as T
from gradc import grad
from gradc.differentiate import require_intact
from gradc.errors import GradError
from tests.differentiate.numeric import value


def softplus_by_hand():
    x = T.dscalar("x")
    e = T.exp(x)
    return x, e, T.log(1 + e)


def test_grad_by_a_dissolved_variable():
    x, e, cost = softplus_by_hand()
    first = grad(cost, x)
    with pytest.raises(GradError) as error:
        grad(first, e)
    assert str(error.value) == (
        "grad: e cannot be differentiated by: a gradient that is used here was stabilised "
        "and does not go through it.\n"
        f"    exp : float64[]    made at test_dissolved.py:{e.site.line}    e = T.exp(x)\n"
        "  Fix: keep it when the gradient is taken: grad(..., keep=[e])."
    )


def test_keep():
    x, e, cost = softplus_by_hand()
    first = grad(cost, x, keep=[e])
    require_intact([e, x], [first], "function", "replaced")
    second = grad(first, e)  # d/de of e / (1 + e), e' = e
    assert value(second, {x: 0.5, e: 2.0}) == pytest.approx(1 / 9, rel=1e-13)


def test_a_variable_that_another_use_keeps_alive():
    x, e, log = softplus_by_hand()
    first = grad(log * e, x)
    with pytest.raises(GradError, match="cannot be replaced"):
        require_intact([e], [first * 2.0], "function", "replaced")
    require_intact([x, log * 2.0], [first], "function", "replaced")


def test_without_stabilisation_nothing_is_dissolved():
    x, e, cost = softplus_by_hand()
    first = grad(cost, x, stabilize=False)
    require_intact([e], [first], "function", "replaced")


def test_what_no_rule_touched_is_intact():
    x = T.dvector("x")
    h = T.tanh(x)
    k = T.exp(h)
    first = grad(T.sum(k * h), x)
    require_intact([h, k, x], [first], "function", "replaced")


def test_second_gradients_remember_the_first():
    x, e, cost = softplus_by_hand()
    second = grad(grad(cost * x, x), x)
    with pytest.raises(GradError):
        require_intact([e], [second], "function", "replaced")


def test_an_equal_variable_that_was_merged_away():
    x = T.dscalar("x")
    a = T.exp(x)
    b = T.exp(x)
    first = grad(a * b, x)
    with pytest.raises(GradError, match=r"keep=\[b\]"):
        require_intact([b], [first], "function", "replaced")


def test_the_memory_is_weak():
    x, e, cost = softplus_by_hand()
    first = grad(cost, x)
    del first, cost
    gc.collect()
    from gradc.differentiate.prepare import _DISSOLVED

    assert not any(e in record for record in _DISSOLVED.values())
