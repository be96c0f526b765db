"""Every declaration, by what it states itself: dtypes, corner values, shapes, two derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

import gradc
import gradc.tensor as T
from gradc.affine import identity
from gradc.errors import NullTypeGradError
from gradc.graph.evaluate import evaluate
from gradc.graph.op import DECLARATIONS, Operand
from gradc.graph.variable import Input, Variable
from gradc.graph.walk import toposort
from gradc.ops.kinds import Elemwise, View, static_operands
from gradc.sizes import size
from tests.ops.cases import (
    COMPOSED,
    DTYPES,
    ELEMWISE,
    FLOATS,
    OTHERS,
    REDUCE,
    Array,
    Case,
    Values,
    case_of,
    corners,
    draw,
    elementwise_corners,
    elementwise_points,
    function_of,
    is_native,
    reductions,
    sampled,
    takes,
)


def compiled(
    outputs: Sequence[Variable], inputs: Sequence[Input], values: Values, **settings: Any
) -> list[Array]:
    """What the generated C says."""
    with gradc.config.override(**settings):
        function = gradc.function(list(inputs), list(outputs), on_unused_input="ignore")
    results: list[Array] = function(*(values[each] for each in inputs))
    return results


def agree(got: Array, expected: Array, ulps: float, label: str = "") -> None:
    """Same dtype, shape and special values; finite floats within `ulps` of the larger scale."""
    assert got.dtype == expected.dtype, label
    assert got.shape == expected.shape, label
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected, err_msg=label)
        return
    limits = np.finfo(got.dtype)
    np.testing.assert_allclose(
        got, expected, rtol=ulps * limits.eps, atol=limits.tiny, equal_nan=True, err_msg=label
    )


def everything() -> list[Case]:
    """A case of each declaration at points where it is smooth, in float64."""
    rng = np.random.default_rng(3)
    found = [elementwise_points(name, rng) for name in ELEMWISE]
    for name in REDUCE:
        found.extend(reductions(rng, name, "float64" if takes(name, "float64") else "int64"))
    for name in (*OTHERS, *COMPOSED):
        found.extend(sampled(rng, name))
    return found


def states_slopes(name: str) -> bool:
    """Whether its pullback is the derivative."""
    return name not in DECLARATIONS or DECLARATIONS[name].is_slope


ONCE = {"gammainc": 0, "gammaincc": 0, "chi2sf": 1}  # one derivative in this operand
CASES = everything()
LABELS = [f"{k}-{case.label}" for k, case in enumerate(CASES)]
SMOOTH = [
    case
    for case in CASES
    if case.output.dtype.startswith("float") and states_slopes(case.label.partition("[")[0])
]


def twice(case: Case, wrt: Sequence[Input]) -> list[Input]:
    """Those inputs in which there are two derivatives."""
    once = ONCE.get(case.label.partition("[")[0])
    return [x for x in wrt if once is None or x is not case.inputs[once]]


# -- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMWISE)
def test_a_reference_gives_the_declared_dtype(name: str) -> None:
    rule = DECLARATIONS[name]
    for dtype in filter(lambda dtype: takes(name, dtype), DTYPES):
        case = elementwise_corners(name, dtype)
        node = case.output.owner
        assert node is not None
        operands = evaluate(node.inputs, case.values)
        with np.errstate(all="ignore"):
            (result,) = rule.evaluate(operands, node.op.keywords)
        assert result.dtype.name == case.output.dtype, dtype
        assert result.shape == operands[0].shape, dtype


@pytest.mark.parametrize("name", ELEMWISE)
def test_a_reference_is_stable(name: str) -> None:
    """At corner values float64 says what longdouble says, but where it overflows."""
    if not takes(name, "float64"):
        return
    case = elementwise_corners(name, "float64")
    (plain,) = evaluate([case.output], case.values)
    (wide,) = evaluate([case.output], case.values, upcast="longdouble")
    with np.errstate(all="ignore"):
        agree(plain, np.asarray(wide, plain.dtype), 16 if name != "mod" else 1e16)


@pytest.mark.parametrize("dtype", DTYPES)
def test_elementwise_c_agrees_at_corners(dtype: str, thorough: bool) -> None:
    level = None if thorough or dtype in FLOATS else 0
    cases = [elementwise_corners(name, dtype) for name in ELEMWISE if is_native(name, dtype)]
    inputs = [each for case in cases for each in case.inputs]
    values = {each: value for case in cases for each, value in case.values.items()}
    got = compiled([case.output for case in cases], inputs, values, level=level)
    expected = evaluate([case.output for case in cases], values)
    for case, one, other in zip(cases, got, expected, strict=True):
        agree(one, other, 8, case.label)


@pytest.mark.parametrize("dtype", DTYPES)
def test_casts_agree(dtype: str) -> None:
    x = corners(dtype)
    x = x[np.isfinite(x) & (np.abs(x) <= 100) & (x >= 0)] if x.dtype.kind == "f" else x
    for wanted in DTYPES:
        case = case_of(f"{dtype} to {wanted}", lambda x, d=wanted: T.cast(x, d), [x])
        (got,) = evaluate([case.output], case.values)
        np.testing.assert_array_equal(got, x.astype(wanted), err_msg=case.label)


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_was_an_integer_is_one(dtype: str) -> None:
    """There and back: nothing that no integer is (nan, -0.0, 1e9 of an int8) comes through."""
    numbers = [0.4, -0.4, 0.0, -0.0, 5e-324, -1.0, 7.9, -7.9, 300.7, 1e9, -1e9, 3e9, 1e20, -1e20]
    x, values = T.vector("x", dtype), np.array([*numbers, np.nan, np.inf, -np.inf], dtype)
    names = [each for each in DTYPES if each.startswith(("int", "uint"))]
    f = gradc.function([x], [T.cast(T.cast(x, each), dtype) for each in names])
    for name, got in zip(names, f(values), strict=True):
        limits = np.iinfo(name)
        assert np.array_equal(got, np.trunc(got)), name
        assert (got >= limits.min).all(), name
        assert (got <= np.array(limits.max, dtype)).all(), name
        assert not np.signbit(got[got == 0]).any(), name


@pytest.mark.parametrize("dtype", ["float64", "float32", "int8", "uint64", "bool"])
def test_reductions_agree(dtype: str, thorough: bool) -> None:
    level = 1 if thorough or dtype == "float64" else 0
    rng = np.random.default_rng(5)
    names = [name for name in REDUCE if takes(name, dtype)]
    cases = [case for name in names for case in reductions(rng, name, dtype)]
    outputs = [case.output for case in cases]
    values = {each: value for case in cases for each, value in case.values.items()}
    expected = evaluate(outputs, values)
    got = compiled(outputs, list(values), values, level=level)
    for case, one, other in zip(cases, got, expected, strict=True):
        agree(one, other, 64, case.label)


def test_reductions_at_corners() -> None:
    rows = ([np.nan, 1.0, np.nan], [np.inf, -np.inf], [-0.0, 0.0], [2.0, 2.0, 1.0], [7.0])
    names = ("max", "min", "argmax", "argmin", "sum", "prod", "any", "all")
    cases = [
        case_of(name, lambda x, name=name: function_of(name)(x, 1), [np.array([row, row[::-1]])])
        for name in names
        for row in rows
    ]
    outputs = [case.output for case in cases]
    values = {each: value for case in cases for each, value in case.values.items()}
    expected = evaluate(outputs, values)
    for case, meant in zip(cases, expected, strict=True):
        (x,) = case.values.values()
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(meant, getattr(np, case.label)(x, axis=1))
    got = compiled(outputs, list(values), values, level=1)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("quickly")
def test_all_other_c_agrees() -> None:
    cases = [case for case in CASES if case.label.partition("[")[0] in (*OTHERS, *COMPOSED)]
    outputs = [case.output for case in cases]
    values = {each: value for case in cases for each, value in case.values.items()}
    expected = evaluate(outputs, values)
    got = compiled(outputs, list(values), values)
    for case, one, other in zip(cases, got, expected, strict=True):
        agree(one, other, 1e4, case.label)


@pytest.mark.parametrize("name", COMPOSED)
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_composed_operation_equals_its_reference(name: str, dtype: str) -> None:
    for case in sampled(np.random.default_rng(11), name, dtype):
        node_free = [np.asarray(case.values[each]) for each in case.inputs]
        expected = _reference(name, case, node_free)
        (got,) = evaluate([case.output], case.values)
        np.testing.assert_allclose(got, expected, rtol=200 * np.finfo(dtype).eps)
        assert got.dtype == dtype


def _reference(name: str, case: Case, values: Sequence[Array]) -> Any:
    """The reference, called as the sample calls the operation."""
    from gradc.ops.declare import SAMPLES

    index = int(case.label.partition("[")[2].rstrip("]"))
    samples = SAMPLES[name]
    ref = COMPOSED[name].ref
    return samples[index].expr(ref, *values) if samples else ref(*values)


# -- shapes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=LABELS)
def test_lengths_are_those_of_the_values(case: Case) -> None:
    """The shape rule on numbers, on unknown lengths and on types, for every node."""
    nodes = toposort([case.output])
    known = dict(case.values)
    for node in nodes:
        inputs = evaluate(node.inputs, known)
        outputs = evaluate(node.outputs, known)
        known.update(zip(node.outputs, outputs, strict=True))
        operands = [Operand(tuple(map(size, a.shape)), _value(a)) for a in inputs]
        rule, params = node.op.rule, node.op.keywords
        whole = [
            rule.lengths(operands, params),
            rule.lengths(static_operands(node.inputs), params),
            rule.infer(node.inputs, params),
        ]
        for output, lengths, unknown, type_ in zip(outputs, *whole, strict=True):
            assert tuple(n.constant for n in lengths) == output.shape
            assert tuple(n.evaluate(partial(_lookup, inputs)) for n in unknown) == output.shape
            found = zip(type_.shape, output.shape, strict=True)
            assert all(n in (None, m) for n, m in found)


def _value(array: Array) -> Any:
    return size(int(array)) if array.ndim == 0 and array.dtype.kind in "iu" else None


def _lookup(inputs: Sequence[Array], length: Any) -> int:
    if length.group == "value":
        return int(inputs[length.index])
    return inputs[length.index].shape[length.axis]


@pytest.mark.parametrize("name", [n for n in OTHERS if isinstance(DECLARATIONS[n], View)])
def test_an_index_map_reads_what_the_reference_gives(name: str) -> None:
    for case in sampled(np.random.default_rng(1), name):
        for node in toposort([case.output]):
            if not isinstance(node.op.rule, View):
                continue
            inputs = evaluate(node.inputs, case.values)
            (expected,) = evaluate(node.outputs, case.values)
            operands = [Operand(tuple(map(size, a.shape)), _value(a)) for a in inputs]
            places = node.op.rule.index_map(identity(expected.ndim), operands, node.op.keywords)
            for at in np.ndindex(*expected.shape):
                read = tuple(_at(place, at) for place in places)
                assert inputs[0][read] == expected[at]


def _at(place: Any, at: tuple[int, ...]) -> int:
    total = place.offset.constant + sum(at[axis] * f.constant for axis, f in place.factors)
    assert total >= 0
    return int(total)


@pytest.mark.parametrize("name", ELEMWISE)
def test_empty_operands_give_empty_results(name: str) -> None:
    rule = DECLARATIONS[name]
    assert isinstance(rule, Elemwise)
    if not takes(name, "float64"):
        return
    case = case_of(name, function_of(name), [np.empty((0, 2))] * rule.arity)
    (got,) = evaluate([case.output], case.values)
    assert got.shape == (0, 2)
    assert got.dtype == case.output.dtype


# -- derivatives -------------------------------------------------------------------------------


def difference(cost: Variable, at: Values, x: Variable, way: Array) -> float:
    """The slope of `cost` at `at`, along `way` in x, by central differences."""
    step = 1e-6
    ahead, behind = (
        float(evaluate([cost], {**at, x: at[x] + sign * step * way})[0]) for sign in (1, -1)
    )
    return (ahead - behind) / (2 * step)


def slope_agrees(cost: Variable, wrt: Sequence[Variable], at: Values, tolerance: float) -> None:
    """The gradient along a random way is the difference quotient, for each variable."""
    rng = np.random.default_rng(7)
    gradients = T.grad(cost, list(wrt), disconnected_inputs="ignore", stabilize=False)
    found = evaluate(gradients, at)
    for x, gradient in zip(wrt, found, strict=True):
        assert gradient.shape == at[x].shape
        assert gradient.dtype == x.dtype
        way = rng.normal(size=at[x].shape)
        expected = difference(cost, at, x, way)
        np.testing.assert_allclose(np.sum(gradient * way), expected, rtol=tolerance, atol=tolerance)


def weighted(output: Variable, seed: int, like: Array) -> Variable:
    weights = np.random.default_rng(seed).uniform(0.5, 2.0, np.shape(like))
    return T.sum(output * weights, dtype="float64")


@pytest.mark.parametrize("case", SMOOTH, ids=[f"{k}-{c.label}" for k, c in enumerate(SMOOTH)])
def test_two_derivatives_are_difference_quotients(case: Case) -> None:
    wrt = [x for x in case.inputs if x.dtype == "float64"]
    if not wrt or case.label == "cast":
        return
    (value,) = evaluate([case.output], case.values)
    cost = weighted(case.output, 1, value)
    slope_agrees(cost, wrt, case.values, 1e-6)
    first = T.grad(cost, wrt, disconnected_inputs="ignore", stabilize=False)
    terms = [weighted(g, 2, case.values[x]) for g, x in zip(first, wrt, strict=True)]
    total = T.add(*terms, 0.0)
    slope_agrees(total, twice(case, wrt), case.values, 1e-5)
    if len(twice(case, wrt)) < len(wrt):
        with pytest.raises(NullTypeGradError):
            T.grad(total, wrt)


@pytest.mark.parametrize("case", SMOOTH, ids=[f"{k}-{c.label}" for k, c in enumerate(SMOOTH)])
def test_bprop_has_the_shape_of_its_input(case: Case) -> None:
    node = case.output.owner
    assert node is not None
    (value,) = evaluate([case.output], case.values)
    ct = np.ones(value.shape, case.output.dtype)
    for x in node.inputs:
        if not x.dtype.startswith("float"):
            continue
        try:
            term = node.op.bprop(node.inputs, x, T.constant(ct))
        except gradc.errors.GradError:
            continue
        assert term.dtype == x.dtype
        (got,), (like,) = evaluate([term], case.values), evaluate([x], case.values)
        assert got.shape == like.shape


def test_every_declaration_has_a_case() -> None:
    seen = {case.label.partition("[")[0] for case in CASES}
    assert seen == {*DECLARATIONS, *COMPOSED}
    assert draw(np.random.default_rng(0), (2,), "int8", 3).dtype == np.int8


@pytest.mark.usefixtures("quickly")
def test_compiled_derivatives_agree(thorough: bool) -> None:
    """Gradients as users take them, stabilised and compiled, against the raw ones interpreted.

    `make test` takes every third operation: tests/fuzz draws them all.
    """
    picked: dict[str, Case] = {}
    for case in SMOOTH:
        picked.setdefault(case.label.partition(",")[0], case)
    raw, made, values = [], [], {}
    for case in list(picked.values())[:: 1 if thorough else 3]:
        wrt = [x for x in case.inputs if x.dtype == "float64"]
        if not wrt or case.label == "cast":
            continue
        cost = weighted(case.output, 1, evaluate([case.output], case.values)[0])
        options: Any = {"disconnected_inputs": "ignore"}
        raw.extend(T.grad(cost, wrt, stabilize=False, **options))
        made.extend(T.grad(cost, wrt, **options))
        values.update(case.values)
    expected = evaluate(raw, values)
    for one, other in zip(compiled(made, list(values), values), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)
