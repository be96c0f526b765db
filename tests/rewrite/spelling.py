"""Expressions from patterns, and examples for rules that have none: what the tests draw from."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce

import numpy as np

import gradc.ops as T
from gradc.graph.types import TensorType
from gradc.graph.variable import Input, Variable
from gradc.ops.create import unit_vectors
from gradc.ops.declare import FUNCTIONS, call
from gradc.ops.index import Cut, placed_through
from gradc.ops.joining import window
from gradc.ops.lengths import length
from gradc.ops.linalg import contract
from gradc.ops.stable import peak
from gradc.ops.watch import Assert
from gradc.rewrite.pattern import Literal, Pattern, Product, Sum, Term, Wild
from gradc.rewrite.rule import Rule

FLOATS = ("float64", "float32")
Build = Callable[..., Variable]


def tensor(ndim: int, dtype: str = "float64", name: str = "v", one: bool = False) -> Input:
    """A variable of a rank; `one`: with length 1 on the last axis."""
    shape = (None,) * (ndim - one) + (1,) * one
    return Input(TensorType(dtype, shape), name)


def spelled(pattern: Pattern, wild: Mapping[str, Variable]) -> Variable:
    """The pattern as a user would write it."""
    if isinstance(pattern, Wild):
        return wild[pattern.name]
    if isinstance(pattern, Literal):
        return pattern.value  # type: ignore[return-value]
    if isinstance(pattern, Term):
        return FUNCTIONS[pattern.op](*(spelled(each, wild) for each in pattern.args))
    if isinstance(pattern, Sum):
        (first_negated, first), *rest = pattern.terms
        total = spelled(first, wild)
        total = -total if first_negated else total
        for negated, term in rest:
            part = spelled(term, wild)
            total = total - part if negated else total + part
        return total
    assert isinstance(pattern, Product)
    over = [spelled(each, wild) for each in pattern.over]
    under = [spelled(each, wild) for each in pattern.under]
    result = reduce(operator.mul, over) if over else 1
    return reduce(operator.truediv, under, result)


def _positive(x: Variable) -> Variable:
    """A symmetric positive definite matrix, of a leaf that tests fill with 4 x 4 numbers."""
    return T.dot(_leaf(x), _leaf(x).T) + 4 * T.eye(_leaf(x).shape[0], dtype=x.dtype)


def _factor(x: Variable, lower: bool = True) -> Variable:
    return T.cholesky(_positive(x), lower=lower)


def _beside_factor(x: Variable, function: Build) -> Variable:
    a = _positive(x)
    return function(a) + T.cholesky(a)


def _half(x: Variable, y: Variable) -> Variable:
    return T.solve_triangular(_factor(x), _leaf(y)[0], lower=True)


# One or more ways to write what a rule without telling pattern looks for; each takes x and y.
EXAMPLES: dict[str, tuple[Build, ...]] = {
    "solved_twice": (
        lambda x, y: T.cho_solve((_factor(x), True), _leaf(y)),
        lambda x, y: T.cho_solve((_factor(x, False), False), _leaf(y)[1]),
        lambda x, y: T.solve_triangular(
            _factor(x).T, T.solve_triangular(_factor(x), _leaf(y), lower=True)
        ),
    ),
    "product_of_half_solved": (lambda x, y: T.dot(_half(x, y), _half(x, y)),),
    "square_of_half_solved": (
        lambda x, y: T.sum(_half(x, y) ** 2),
        lambda x, y: T.sum(T.square(_half(x, y))),
        lambda x, y: T.sum(_half(x, y) * _half(x, y)),
    ),
    "sum_of_log_diagonal": (
        lambda x, y: T.sum(T.log(T.diag(_factor(x)))),
        lambda x, y: T.sum(T.log(T.diagonal(_factor(x, False), 0, 1, 0)), axis=-1),
    ),
    "log_of_diagonal_product": (lambda x, y: T.log(T.prod(T.diag(_factor(x)))),),
    "log_of_det": (
        lambda x, y: T.log(T.det(_leaf(x))),
        lambda x, y: T.log(T.abs(T.det(_leaf(x)))),
    ),
    "product_with_inverse": (
        lambda x, y: T.dot(T.matrix_inverse(_leaf(x)), _leaf(y)),
        lambda x, y: T.dot(_leaf(y)[0], T.matrix_inverse(_leaf(x))),
        lambda x, y: T.dot(_leaf(y), T.matrix_inverse(_leaf(x))),
    ),
    "other_factors": (
        lambda x, y: _beside_factor(x, lambda a: T.solve(a, _leaf(y))),
        lambda x, y: _beside_factor(x, T.matrix_inverse),
        lambda x, y: _beside_factor(x, lambda a: T.mul(*T.slogdet(a))),
    ),
    "triangle_factored": (
        lambda x, y: T.solve(_factor(x), _leaf(y)),
        lambda x, y: T.solve(_factor(x).T, _leaf(y)),
        lambda x, y: T.matrix_inverse(_factor(x)),
    ),
    "constant_operands": (lambda x, y: T.exp(T.constant([0.5, 2.0])) + 0 * x.sum(),),
    "uniform_constant": (lambda x, y: T.reshape(x[:2], (2,)) * T.constant([2.0, 2.0]),),
    "factor_of_one": (lambda x, y: x * 1, lambda x, y: T.mul(x, 1, y)),
    "factor_of_minus_one": (lambda x, y: x * -1,),
    "divisor_of_one": (lambda x, y: x / 1, lambda x, y: x / -1),
    "assertion_dropped": (lambda x, y: Assert("holds")(x, T.eq(y.shape[0], x.shape[0])),),
    "given_true": (lambda x, y: call("given", x, T.constant([True])),),
    "term_of_zero": (lambda x, y: x + (0 if "int" in x.dtype else -0.0),),
    "constants_of_product": (lambda x, y: T.mul(x, 2, y, 3),),
    "constant_first": (lambda x, y: 3 + x, lambda x, y: 3 * x),
    "constant_over_constant": (lambda x, y: (x * 2) / 3,),
    "neg_of_neg": (lambda x, y: T.neg(T.neg(x)),),
    "stop_of_gradient": (lambda x, y: T.zero_grad(x), lambda x, y: T.grad_scale(x, 2)),
    "difference": (lambda x, y: x - y,),
    "reciprocal_as_quotient": (lambda x, y: T.reciprocal(x),),
    "square_as_product": (lambda x, y: T.square(x),),
    "power_of_zero": (lambda x, y: x**0,),
    "power_of_a_half": (
        lambda x, y: x**0.5,
        lambda x, y: x**-0.5,
        lambda x, y: T.pow(T.add(T.mul(x, x), T.abs(y)), -0.5),
    ),
    "power_of_minus_two": (lambda x, y: x**-2,),
    "sum_of_multiple": (
        lambda x, y: T.sum(T.mul(T.exp(-T.abs(x)), np.asarray([3], x.dtype))),
        lambda x, y: T.sum(T.mul(T.exp(-T.abs(x)), T.cos(y), np.asarray([3], x.dtype)), axis=0),
    ),
    "power_of_one": (lambda x, y: x**1,),
    "small_power": (lambda x, y: x**2, lambda x, y: x**3, lambda x, y: x**4, lambda x, y: x**-1),
    "negative_factor": (lambda x, y: (-x) * y, lambda x, y: (-x) / (-y)),
    "negative_product": (lambda x, y: -T.mul(x, T.constant(np.full(1, 2, x.dtype))),),
    "first_operand_alike": (lambda x, y: T.add(T.add(x, y), y), lambda x, y: T.mul(T.mul(x, y), x)),
    "cast_to_same": (lambda x, y: call("cast", x, dtype=x.dtype),),
    "cast_of_cast": (lambda x, y: T.cast(T.cast(T.cast(x, "float32"), "float64"), "float32"),),
    "dimshuffle_of_dimshuffle": (lambda x, y: x.dimshuffle("x", 0).dimshuffle(1, "x", 0),),
    "dimshuffle_in_place": (lambda x, y: call("dimshuffle", x, order=(0,)),),
    "subtensor_of_all": (lambda x, y: x[:],),
    "reshape_of_reshape": (lambda x, y: x.reshape((-1, 1)).reshape((1, -1)),),
    "reshape_in_place": (lambda x, y: call("broadcast_to", x, length(x, 0)),),
    "whole_of_array": (
        lambda x, y: x[: length(x, 0)],
        lambda x, y: window(_leaf(x), 0, length(_leaf(x), 1), 1),
    ),
    "part_of_join": (
        lambda x, y: T.join(0, x, y)[: length(x, 0)],
        lambda x, y: T.join(0, x, y, x)[length(x, 0) : length(x, 0) + length(y, 0)],
        lambda x, y: T.join(0, T.constant([1, 2, 3]).astype(x.dtype), x)[1:3],
        lambda x, y: T.join(1, T.zeros((length(_leaf(x), 0), 1), dtype=x.dtype), _leaf(x))[::-1, 0],
        lambda x, y: window(T.join(0, x, y), length(x, 0) + 1, length(y, 0) - 1, 0),
    ),
    "join_of_join": (lambda x, y: T.join(0, x, T.join(0, y, x), y),),
    "empty_piece": (lambda x, y: T.join(0, T.zeros((0,), dtype=x.dtype), x, y),),
    "join_of_parts": (
        lambda x, y: T.concatenate(T.split(x, [2, length(x, 0) - 2], 2)),
        lambda x, y: T.join(0, y, window(x, 1, 2, 0), window(x, 3, 1, 0), x),
    ),
    "parts_of_gradient": (
        lambda x, y: _in_zeros(y, y, x, length(x, 0)) + _in_zeros(x, y, x, 0),
        lambda x, y: T.add(
            _row_in_zeros(x, 1), T.outer(T.constant([1, 2]).astype(x.dtype), x), _row_in_zeros(x, 0)
        ),
    ),
    "reshape_as_dimshuffle": (
        lambda x, y: x.reshape((1, length(x, 0), 1)),
        lambda x, y: x.dimshuffle(0, "x").reshape((1, -1)),
    ),
    "subtensor_of_one": (
        lambda x, y: x.dimshuffle(0, "x")[:, 0] + x.dimshuffle("x", 0)[-1],
    ),
    "scatter_through_all": (
        lambda x, y: placed_through("subtensor", x, T.zeros((length(x, 0), 1), dtype=x.dtype),
                                    index=(Cut(None, None), 0)),
    ),
    "reshape_of_dimshuffle": (lambda x, y: x.dimshuffle("x", 0, "x").reshape((3, -1)),),
    "stretched_operand": (lambda x, y: T.broadcast_to(T.constant([2.0]), (length(x, 0),)) * x,),
    "sum_of_stretched": (lambda x, y: T.sum(T.broadcast_to(T.constant([2.0]), (length(x, 0),))),),
    "length_of_result": (lambda x, y: length(T.exp(x), 0) * length(x * y, 0),),
    "product_of_transposed": (lambda x, y: T.dot(_square(x).T, _square(y).T),),
    "transposed_product": (lambda x, y: T.dot(_square(x), _square(y)).T,),
    "product_with_units": (
        lambda x, y: contract(
            unit_vectors(length(_leaf(x), 0), x.dtype), _finite(_leaf(x)), "ab", "bc", "ca"
        ),
        lambda x, y: contract(
            _finite(_leaf(x)), unit_vectors(length(_leaf(x), 1), x.dtype), "ab", "cb", "ac"
        ),
    ),
    "sum_of_products": (
        lambda x, y: contract(x[:, None, None], y[:, None, None], "bij", "bjk", "bik").sum(axis=0),
    ),
    "product_without_sum": (lambda x, y: contract(x, y, "i", "j", "ji"),),
    "sum_with_product": (
        lambda x, y: _leaf(x) - 0.5 * (T.dot(_leaf(x).T, _leaf(y)) / 4 + 2 * _leaf(x)),
        lambda x, y: T.dot(_leaf(x), _leaf(y)) - T.dot(_leaf(y), _leaf(x)) + x[0],
    ),
    "pick_of_elementwise": (
        lambda x, y: call("gather", T.exp(_leaf(x)) - _leaf(y), _rows(x), _LABELS),
        lambda x, y: call(
            "gather", _leaf(x) * _leaf(y)[:, 0].dimshuffle(0, "x") + 3, _rows(y), _LABELS
        ),
    ),
    "sum_of_scattered": (
        lambda x, y: _scattered(x).sum(axis=1),
        lambda x, y: _scattered(x, across=True).sum(axis=0),
    ),
    "places_in_columns": (
        lambda x, y: call(
            "gather", _leaf(x), _rows(y).dimshuffle(0, "x"), _LABELS.dimshuffle(0, "x")
        ),
        lambda x, y: call("gather", _leaf(x), _LABELS.dimshuffle("x", 0)),
        lambda x, y: call("scatter", _leaf(y), _leaf(x)[:, None], _rows(y).dimshuffle(0, "x"),
                          mode="set"),
    ),
    "elementwise_of_turned": (
        lambda x, y: T.exp(_leaf(x)).T * 2 - _leaf(y).T,
        lambda x, y: _leaf(x).T + _leaf(y)[:, 0].dimshuffle("x", 0),
        lambda x, y: _box(x).dimshuffle(2, 0, 1) - T.exp(_box(y)).dimshuffle(2, 0, 1),
    ),
    "fold_of_turned": (
        lambda x, y: T.max(_leaf(x).T, axis=1),
        lambda x, y: _leaf(x).T.sum(),
        lambda x, y: _box(x).dimshuffle(2, 0, 1).max(axis=2),
    ),
    "places_of_turned": (
        lambda x, y: call("gather", _leaf(x).T, _LABELS, _rows(x)),
        lambda x, y: call("scatter", _leaf(x).T, y[:4], _LABELS, _rows(x), mode="set"),
    ),
    "turned_zeros_with_values": (lambda x, y: _scattered(x).T,),
    "turned_outer": (
        lambda x, y: T.cast(T.eq(_rows(x)[:, None], _LABELS.dimshuffle("x", 0)), x.dtype).T,
    ),
    "sum_of_compared": (
        lambda x, y: _one_hot(x).sum(axis=1),
        lambda x, y: (_one_hot(x) * _leaf(y)[:, 0].dimshuffle(0, "x")).sum(axis=1),
        lambda x, y: (_leaf(y)[0].dimshuffle("x", 0) * _one_hot(x, across=True)).sum(axis=0),
    ),
    "guard_of_zero": (
        lambda x, y: _guarded(_leaf(x), _log_softmax(x)),
        lambda x, y: _guarded(_leaf(x), _leaf(y)),
    ),
    "guard_of_a_softmax": (
        lambda x, y: _guarded_rows(_leaf(x), _log_softmax(x), _leaf(y)),
    ),
    "multiple_of_scattered": (
        lambda x, y: _scattered(x) * -0.5,
        lambda x, y: -_scattered(x) / 3.0 + _leaf(y),
        lambda x, y: call("scatter", _scattered(x), y[:4], _rows(x), _LABELS, mode="add") * 2.0,
    ),
    "sum_with_scattered": (
        lambda x, y: _scattered(x) + T.exp(_leaf(x)),
        lambda x, y: T.add(_leaf(x), _scattered(x), _leaf(y)) + T.exp(_leaf(y)[0]),
    ),
    "minus_in_sum": (lambda x, y: T.add(x, -y), lambda x, y: T.add(-x, y, -y)),
    "division_by_power_of_two": (lambda x, y: x / 8, lambda x, y: x / -0.25),
    "log_of_sum_of_exp": (
        lambda x, y: T.log(T.sum(T.exp(x))),
        lambda x, y: T.log(T.exp(_table(x)).sum(axis=0, keepdims=True)),
    ),
    "log_of_product": (
        lambda x, y: T.log(T.exp(x) * 3),
        lambda x, y: T.log(T.sigmoid(x) / 3)[::2],
    ),
    "softmax_by_hand": (
        lambda x, y: T.exp(x) / T.sum(T.exp(x)),
        lambda x, y: 2 * T.exp(_table(x)) / T.exp(_table(x)).sum(axis=1, keepdims=True),
        lambda x, y: T.exp(_table(x)) * (1 / T.exp(_table(x)).sum(axis=0)),
    ),
}  # fmt: skip


_LABELS = T.constant(np.array([2, 0, -1, 1]))


def _rows(x: Variable) -> Variable:
    return call("iota", length(_leaf(x), 0), dtype="int64")


def _box(x: Variable) -> Variable:
    return _leaf(x).reshape((2, 2, -1))


def _finite(x: Variable) -> Variable:
    return T.switch(T.isnan(x - x), 1, x)


def _one_hot(x: Variable, across: bool = False) -> Variable:
    """Labels, one of them no class, compared with the classes."""
    labels, classes = _LABELS + 1, _rows(x)
    if across:
        return T.cast(T.eq(classes.dimshuffle(0, "x"), labels.dimshuffle("x", 0)), x.dtype)
    return T.cast(T.eq(labels.dimshuffle(0, "x"), classes.dimshuffle("x", 0)), x.dtype)


def _log_softmax(x: Variable) -> Variable:
    shifted = _leaf(x) - peak(_leaf(x), axis=1, keepdims=True)
    return shifted - T.log(T.exp(shifted).sum(axis=1, keepdims=True))


def _living(t: Variable, s: Variable) -> Variable:
    return T.or_(T.neq(t, 0), T.neq(s, -np.inf))


def _guarded(t: Variable, s: Variable) -> Variable:
    return T.switch(_living(t, s), T.broadcast_to(-1 / T.cast(t.shape[0], t.dtype), t.shape) * t, 0)


def _guarded_rows(t: Variable, s: Variable, value: Variable) -> Variable:
    return T.switch(T.any(_living(t, s), axis=1, keepdims=True), value, 0)


def _scattered(x: Variable, across: bool = False) -> Variable:
    zeros = T.zeros((length(_leaf(x), 0), length(_leaf(x), 1)), dtype=x.dtype)
    places = (_LABELS, _rows(x)) if across else (_rows(x), _LABELS)
    return call("scatter", zeros, x[:4], *places, mode="add")


def _in_zeros(values: Variable, x: Variable, y: Variable, start: Variable | int) -> Variable:
    zeros = T.zeros((length(x, 0) + length(y, 0),), dtype=x.dtype)
    return placed_through("window", values, zeros, T.as_variable(start), length(values, 0), axis=0)


def _row_in_zeros(values: Variable, place: int) -> Variable:
    zeros = T.zeros((2, length(values, 0)), dtype=values.dtype)
    return placed_through("subtensor", values, zeros, index=(place, Cut(None, None)))


def _table(x: Variable) -> Variable:
    return T.outer(T.constant([1.0, -0.5]).astype(x.dtype), x)


def _square(x: Variable) -> Variable:
    return x[:4].reshape((2, 2))


_LEAVES: dict[str, Input] = {}


def _leaf(x: Variable) -> Input:
    return _LEAVES.setdefault(f"{x.name} {x.dtype}", tensor(2, x.dtype, f"{x.name}2"))


def builds(rule: Rule) -> list[Build]:
    """Every way to spell what the rule looks for."""
    if rule.name in EXAMPLES:
        return list(EXAMPLES[rule.name])
    return [_from_pattern(pattern) for pattern in rule.patterns]


def _from_pattern(pattern: Pattern) -> Build:
    return lambda x, y: spelled(pattern, {"x": x, "y": y})
