"""Every rule, both sides: what it says that it keeps, it keeps.

Each rule runs alone on expressions it must fire on, in each float dtype (and int64 where it does
not refuse), over corner values and numbers.  exact: the same bits.  rounding: within a few ulp of
the largest term.  stabilises: right against mpmath where the old form is wrong.
"""

from __future__ import annotations

import importlib
import pkgutil

import mpmath
import numpy as np
import pytest

import gradc.rewrite
from gradc.errors import DTypeError
from gradc.graph.evaluate import evaluate
from gradc.graph.variable import Variable
from gradc.graph.walk import leaves
from gradc.rewrite.engine import Pass, run
from gradc.rewrite.factored import FACTORED
from gradc.rewrite.passes import CANONICALIZE, SPECIALIZE, STABILIZE, STRENGTHEN, UNSAFE
from gradc.rewrite.rule import Rule
from tests.rewrite.exact_math import exactly
from tests.rewrite.spelling import EXAMPLES, builds, tensor

PASSES = (CANONICALIZE, STABILIZE, SPECIALIZE, STRENGTHEN, UNSAFE)
RULES = [each for stage in PASSES for each in stage.rules]
CORNERS = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    np.inf,
    -np.inf,
    np.nan,
    0.5,
    2.0,
    3.7,
    -3.7,
    1e-3,
    30.0,
    -30.0,
    1e9,
]
LARGEST = {"sum_with_product": 30, **{each.name: 100 for each in FACTORED}}  # terms inside
POINTS = [-1000.0, -50.0, -2.0, -0.5, -1e-3, -1e-20, 1e-20, 1e-3, 0.25, 2.0, 50.0, 1000.0]
CASES = [
    pytest.param(rule, k, id=f"{rule.name}-{k}") for rule in RULES for k in range(len(builds(rule)))
]


def inputs(dtype: str) -> tuple[Variable, Variable]:
    return tensor(1, dtype, "x"), tensor(1, dtype, "y")


def pairs(dtype: str, keeps: str) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of corner values, as two vectors; integers for integers."""
    values = np.array(CORNERS if keeps == "exact" else [v for v in CORNERS if v != 1e9])
    if dtype.startswith("int"):
        values = np.array([0, 1, -1, 2, 7, -7, 2**31, -(2**63), 2**63 - 1])
    first, second = np.meshgrid(values, values)
    return first.ravel().astype(dtype), second.ravel().astype(dtype)


def applied(rule: Rule, root: Variable) -> Variable:
    done = run(Pass("alone", (rule,)), [root])
    assert len(done.trace) >= 1, f"{rule.name} does not fire on its example"
    (result,) = done.outputs
    return result


def values_of(roots, x, y, dtype, rule):
    a, b = pairs(dtype, rule.keeps)
    known = {x: a, y: b}
    rng = np.random.default_rng(3)
    for leaf in leaves(roots):
        if leaf.ndim == 2:
            known[leaf] = rng.normal(size=(4, 4)).astype(dtype)
    if rule.name in (
        "sum_with_product",
        "sum_of_multiple",
    ):  # compared by their largest term
        known[x] = known[y] = np.full(4, 0.5, dtype)
    used = set(leaves(roots))
    return {leaf: value for leaf, value in known.items() if leaf in used}


def same_bits(old: np.ndarray, new: np.ndarray) -> bool:
    """Equal to the bit; all nans are one."""
    if old.shape != new.shape or old.dtype != new.dtype:
        return False
    if old.dtype.kind != "f":
        return bool(np.array_equal(old, new))
    nan = np.isnan(old)
    signs = np.signbit(old) == np.signbit(new)
    return bool(np.array_equal(old, new, equal_nan=True) and np.all(signs | nan))


@pytest.mark.parametrize(("rule", "k"), [c for c in CASES if c.values[0].keeps == "exact"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_exact_rules_keep_the_bits(rule, k, dtype):
    x, y = inputs(dtype)
    try:
        old = builds(rule)[k](x, y)
    except DTypeError:
        pytest.skip(f"not defined for {dtype}")
    if dtype[0] != "f" and not run(Pass("alone", (rule,)), [old]).trace:
        pytest.skip(f"declines {dtype}")
    new = applied(rule, old)
    known = values_of([old], x, y, dtype, rule)
    before, after = evaluate([old], known)[0], evaluate([new], known)[0]
    assert same_bits(before, after), (before, after)


@pytest.mark.parametrize(("rule", "k"), [c for c in CASES if c.values[0].keeps == "rounding"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rounding_rules_round(rule, k, dtype):
    x, y = inputs(dtype)
    old = builds(rule)[k](x, y)
    new = applied(rule, old)
    known = values_of([old], x, y, dtype, rule)
    before, after = evaluate([old], known)[0], evaluate([new], known)[0]
    scale = LARGEST.get(rule.name, np.abs(before))
    error = 8 * np.finfo(dtype).eps * np.where(np.isfinite(scale), scale, 1)
    special = ~np.isfinite(before) | ~np.isfinite(after)
    np.testing.assert_array_equal(before[special], after[special])
    difference = np.abs(np.where(special, 0, before) - np.where(special, 0, after))
    assert np.all(difference <= error)


STABLE = [c for c in CASES if c.values[0].keeps == "stabilises"]
ELEMENTARY = [c for c in STABLE if c.values[0].name not in EXAMPLES]


@pytest.mark.parametrize(("rule", "k"), ELEMENTARY)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_stabilisers_are_right(rule, k, dtype):
    x, y = tensor(0, dtype, "x"), tensor(0, dtype, "y")
    old = builds(rule)[k](x, y)
    new = applied(rule, old)
    checked = 0
    for point in map(np.dtype(dtype).type, POINTS):
        known = {leaf: point for leaf in leaves([old]) if leaf in (x, y)}
        exact = exactly(old, {leaf: mpmath.mpf(float(v)) for leaf, v in known.items()})
        if exact is None:
            continue
        with np.errstate(all="ignore"):
            wanted = np.dtype(dtype).type(float(exact))
        (got,) = evaluate([new], known)
        tolerance = 8 * np.finfo(dtype).eps
        assert np.allclose(got, wanted, rtol=tolerance, atol=np.finfo(dtype).tiny), (
            point,
            got,
            wanted,
        )
        checked += 1
    assert checked >= 3


SUMMED = [c for c in STABLE if c.values[0].name in EXAMPLES]
ROWS = [[1000.0, 0.0], [-1000.0, -1001.0, -2000.0], [0.0, 0.5], [80.0] * 5]


@pytest.mark.parametrize(("rule", "k"), SUMMED)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "values", [[1000.0, 0.0], [-1000.0, -1001.0, -2000.0], [0.0, 0.5], [80.0] * 5]
)
def test_summed_exponentials_are_right(rule, k, dtype, values):
    x, y = inputs(dtype)
    old = builds(rule)[k](x, y)
    new = applied(rule, old)
    data = np.array(values, dtype)
    (exact,) = evaluate([old], {x: data}, upcast="longdouble")  # exp(1000) is a long double
    (got,) = evaluate([new], {x: data})
    assert got.dtype == np.dtype(dtype)
    np.testing.assert_allclose(got, exact.astype(dtype), rtol=20 * np.finfo(dtype).eps)


def test_every_rule_stands_in_one_pass():
    found = []
    for module in pkgutil.iter_modules(gradc.rewrite.__path__):
        loaded = importlib.import_module(f"gradc.rewrite.{module.name}")
        found += [
            (each, loaded.__name__)
            for each in vars(loaded).values()
            if isinstance(each, Rule) and each.body.__module__ == loaded.__name__
        ]
    for rule, where in found:
        assert RULES.count(rule) == 1, f"{where}.{rule.name} stands in {RULES.count(rule)} passes"
    assert len(found) == len(RULES)


def test_rules_have_words_and_names_of_their_own():
    assert all(rule.doc for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_rule_without_pattern_has_an_example():
    missing = [rule.name for rule in RULES if not rule.patterns and rule.name not in EXAMPLES]
    assert not missing


def test_every_example_has_its_rule():
    assert set(EXAMPLES) <= {rule.name for rule in RULES}
