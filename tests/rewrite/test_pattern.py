"""Patterns: how they are spelled, and what they match."""

from __future__ import annotations

import numpy as np
import pytest

import gradc.ops as T
from gradc.errors import InternalError
from gradc.graph.evaluate import evaluate
from gradc.rewrite.match import match, roots
from gradc.rewrite.pattern import P, wildcards
from gradc.rewrite.rule import rule
from gradc.rewrite.seen import Seen, Sight, build
from tests.rewrite.spelling import tensor

x, y = wildcards("x y")
V, U = tensor(1, name="V"), tensor(1, name="U")
M = tensor(2, name="M")


def found(pattern, variable, walls=()):
    """The wildcards of the first match, as variables; None if there is none."""
    for each in match(pattern, variable, Sight(set(walls))):
        return each.variables()
    return None


def test_a_pattern_reads_as_the_expression():
    assert str(P.log(1 + P.exp(x))) == "log((1.0 + exp(x)))"
    assert str(1 - P.sigmoid(x)) == "(1.0 - sigmoid(x))"
    assert P.sub(1, P.exp(x)) == 1 - P.exp(x) == P.add(1, P.neg(P.exp(x)))
    assert P.mul(x, y) == x * y
    assert P.true_div(1, y) == 1 / y
    assert roots(1 / (1 + P.exp(x))) == ("mul", "true_div", "reciprocal")
    assert roots(P.exp(x) - 1) == ("add", "sub")
    assert roots(P.log(x)) == ("log",)


def test_only_declared_operations():
    with pytest.raises(InternalError, match=r"P\.loog: no operation of this name is declared\."):
        P.loog(x)


def test_arguments_and_wildcards_must_agree():
    with pytest.raises(InternalError, match="rule wrong: arguments and wildcards differ"):

        @rule(P.log(x), keeps="exact")
        def wrong(y):
            return y


ONE_PLUS_EXP = [
    lambda e: 1 + e,
    lambda e: e + 1,
    lambda e: e - -1,
    lambda e: -(-1 - e),
    lambda e: T.constant(np.float32(1)) + e,
    lambda e: T.add(e, T.constant([1])),
    lambda e: -1 * (-e) + 1,
]


@pytest.mark.parametrize("spelling", ONE_PLUS_EXP)
def test_sums_match_in_any_spelling(spelling):
    assert found(P.log(1 + P.exp(x)), T.log(spelling(T.exp(V)))) == {"x": V}


@pytest.mark.parametrize(
    "other", [lambda e: 2 + e, lambda e: 1 - e, lambda e: 1 + e + V, lambda e: e]
)
def test_other_sums_do_not_match(other):
    assert found(P.log(1 + P.exp(x)), T.log(other(T.exp(V)))) is None


def test_at_the_root_the_rest_is_kept():
    form = V + 1 - T.sigmoid(V) + U
    (first, *_) = match(1 - P.sigmoid(x), form, Sight())
    result = first.put(T.exp(first.variables()["x"]))
    known = {V: np.array([0.3]), U: np.array([2.0])}
    np.testing.assert_allclose(evaluate([result], known)[0], 0.3 + 2 + np.exp(0.3))


def test_at_the_root_the_sign_may_be_turned():
    (first, *_) = match(1 - P.sigmoid(x), T.sigmoid(V) - 1, Sight())
    assert evaluate([first.put(V)], {V: np.array([3.0])})[0] == -3


def test_in_products_the_rest_is_kept():
    form = 3 * V / (U * (1 + T.exp(-V)))
    (first, *_) = match(1 / (1 + P.exp(x)), form, Sight())
    result = first.put(first.variables()["x"])
    known = {V: np.array([2.0]), U: np.array([4.0])}
    assert evaluate([result], known)[0] == 3 * 2 / 4 * -2


def test_a_wildcard_takes_what_is_left():
    got = found(P.log(1 + x), T.log(V + 1 + U))
    assert evaluate([got["x"]], {V: np.array([2.0]), U: np.array([3.0])})[0] == 5
    got = found(y * P.log(x), V * U * T.log(M))
    known = {V: np.full(3, 2.0), U: np.full(3, 3.0), M: np.ones((2, 3))}
    assert got["x"] is M
    assert np.all(evaluate([got["y"]], known)[0] == 6)


def test_a_wildcard_is_the_same_everywhere():
    both = P.exp(x) / (1 + P.exp(x))
    assert found(both, T.exp(V) / (1 + T.exp(V))) == {"x": V}
    assert found(both, T.exp(V) / (1 + T.exp(U))) is None
    wide = V.dimshuffle("x", 0)
    assert found(both, T.exp(wide) / (1 + T.exp(V).dimshuffle("x", 0))) is not None


@pytest.mark.parametrize(
    "view",
    [
        lambda e: e.T, lambda e: e.dimshuffle(1, "x", 0), lambda e: e[1:, ::-1], lambda e: e[0],
        lambda e: e.reshape((-1,)), lambda e: T.broadcast_to(e, (4, 2, 3)),
        lambda e: e[T.constant([1, 0, 1])],
    ],
)  # fmt: skip
def test_views_are_seen_through(view):
    for form in (T.log(1 + view(T.exp(M))), T.log(view(1 + T.exp(M))), T.log(view(T.exp(M) + 1))):
        got = found(P.log(1 + P.exp(x)), form)
        assert got is not None
        data = np.arange(6.0).reshape(2, 3)
        wanted, value = evaluate([view(M), got["x"]], {M: data})
        np.testing.assert_array_equal(value, wanted)


def test_widening_casts_are_seen_through_and_narrowing_ones_not():
    narrow = tensor(1, "float32")
    got = found(P.log(1 + P.exp(x)), T.log(1 + T.cast(T.exp(narrow), "float64")))
    assert got["x"].dtype == "float64"
    assert got["x"].owner.inputs == (narrow,)
    assert found(P.log(1 + P.exp(x)), T.log(1 + T.cast(T.exp(V), "float32"))) is None
    whole = tensor(1, "int64")
    got = found(P.log(1 + P.exp(x)), T.log(1 + T.exp(whole)))
    assert got["x"].dtype == "float64"


def test_integer_sums_under_a_cast_stay_closed():
    small = tensor(1, "int8")
    assert found(P.log(1 + x), T.log(T.cast(small + 1, "float64"))) is None


def test_walls_are_not_matched_through():
    e = T.exp(V)
    form = T.log(1 + e)
    assert found(P.log(1 + P.exp(x)), form, [e]) is None
    assert found(P.log(1 + x), form, [e]) == {"x": e}
    inner = 1 + e
    assert found(P.log(1 + x), T.log(inner), [inner]) is None


def test_commuting_operations_match_in_both_orders():
    for form in (T.maximum(T.exp(V), U), T.maximum(U, T.exp(V))):
        assert found(P.maximum(P.exp(x), y), form) == {"x": V, "y": U}


def test_a_label_names_a_part():
    e = T.exp(V)
    assert found(P.log(1 + P.exp(x).named("whole")), T.log(1 + e)) == {"x": V, "whole": e}


def test_signs_and_factors():
    sight = Sight()
    view = sight.factors(Seen(-(V * -U) / (M[0] * -1 * M[1])), deep=True)
    assert view.negated
    assert len(view.over) == 2
    assert len(view.under) == 2
    terms = sight.terms(Seen(V - (U - 1)), deep=True).parts
    assert [term.negated for term in terms] == [False, True, False]
    assert build(Seen(V, negated=True)).owner.op.name == "neg"


def test_a_long_sum_is_opened_only_so_far():
    total = V
    for _ in range(5000):
        total = total + U
    assert len(Sight().terms(Seen(total), deep=True).parts) < 40


def test_a_wildcard_that_stands_twice_is_one_variable():
    assert found(x * x, V * U) is None
    assert found(x + x, T.exp(V) + U) is None
    assert found(x * x, V * V) == {"x": V}
    assert found(P.exp(x * x), T.exp(V * V)) == {"x": V}
    square = found(x * x * y, V * U * M * U)
    assert square is not None
    assert square["x"].owner.inputs[0] is U
